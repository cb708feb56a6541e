// The API page of a real server: its description is shown whole, and a request is tried with the reader's own sign-in.
// Needs a running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { launch, open, refused, unexpected } from './browser.mjs';

const url = process.env.STREAMSPACE_URL;
const password = process.env.STREAMSPACE_DEV_PASSWORD;
const screenshots = process.env.STREAMSPACE_SCREENSHOTS ?? tmpdir();

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

for (const colorScheme of ['light', 'dark']) {
  test(`a reader signs in and tries a request, in ${colorScheme}`, { timeout: 180_000 }, async () => {
    const page = await open(browser, { colorScheme });
    page.setDefaultTimeout(60_000); // Swagger UI takes its time to draw every operation on a busy machine
    const elsewhere = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) {
        elsewhere.push(request.url());
      }
    });
    await page.goto(`${url}/api/docs`);
    await page.getByText('to try requests').waitFor();
    await page.locator('#caller').getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Email').fill('member@acme.test');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('member@acme.test').waitFor();

    await page.goto(`${url}/api/docs#/identity/getMe`);
    await page.getByText('Requests are sent, and do what they say, as').waitFor();
    const operation = page.locator('#operations-identity-getMe');
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    await operation.locator('.live-responses-table').getByText('member@acme.test').waitFor();
    await page.screenshot({ path: join(screenshots, `api-${colorScheme}.png`) });

    const described = await (await page.request.get(`${url}/api/v1/openapi.yaml`)).text();
    assert.equal(await page.locator('.opblock').count(), described.match(/operationId:/g).length);
    assert.deepEqual(elsewhere, [], 'requests to other sites');
    // Beside what Swagger UI draws, whose marks and colours are its own.
    assert.deepEqual(await findings(page, '.reference-bar'), [], 'hard to use by keyboard, by screen reader or with weak eyes');
    assert.deepEqual(unexpected(page, refused(401, '/api/v1/me')), [], 'errors in the page');
    await page.context().close();
  });
}
