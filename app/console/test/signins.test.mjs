// Two users in one browser, whose tabs share one cookie. Needs a running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, required, signIn } from './browser.mjs';

const url = required('STREAMSPACE_URL');
const password = required('STREAMSPACE_DEV_PASSWORD');

let browser;
let page; // of acme's owner
before(async () => {
  browser = await launch();
  page = await open(browser);
  await page.goto(url);
  await signIn(page, 'owner@acme.test', password);
  await page.getByText('owner@acme.test').waitFor();
});
after(() => browser?.close());

/** Signs in as another user in another tab. */
async function signInElsewhere(email) {
  const tab = await page.context().newPage();
  await tab.goto(url);
  const status = await tab.evaluate(async (body) => {
    const headers = { 'Content-Type': 'application/json' };
    return (await fetch('/api/v1/auth/login', { method: 'POST', headers, body: JSON.stringify(body) })).status;
  }, { email, password, cookie: true });
  assert.equal(status, 204);
  await tab.close();
}

const ofThisBrowser = (path) => page.evaluate(async (at) => (await fetch(at)).json(), path);

test('a tab notices another sign-in before it acts', { timeout: 60_000 }, async () => {
  await page.route('**/api/v1/sessions?**', (route) => route.abort()); // what the list asks for would show it already
  await signInElsewhere('owner@globex.test');
  const before = (await ofThisBrowser('/api/v1/sessions')).items.length;
  await page.getByRole('button', { name: 'Launch Terminal', exact: true }).click();
  await page.getByRole('heading', { name: 'Another sign-in' }).waitFor();
  await page.getByText('This page shows owner@acme.test at Acme.').waitFor();
  assert.equal((await ofThisBrowser('/api/v1/sessions')).items.length, before, 'nothing was launched');
  await page.unroute('**/api/v1/sessions?**');
  await page.getByRole('button', { name: 'Continue with the present sign-in', exact: true }).click();
  await page.getByText('owner@globex.test · owner').waitFor();
  await page.getByText('No desktop is running.').waitFor();
});

test('a tab that only shows a list notices it, too', { timeout: 60_000 }, async () => {
  await signInElsewhere('owner@acme.test');
  await page.evaluate(() => window.dispatchEvent(new Event('focus'))); // all tabs of a headless browser are in front
  await page.getByText('This page shows owner@globex.test at Globex.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BUTTON');
});
