// An open desktop whose control plane is really stopped, or killed, and started again: the page connects again by itself,
// to the desktop that it showed. Needs a running `streamspace dev`, for its database; run.mjs starts one.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endDesktop, homeOf, launch, launchTerminal, open, painted, poll, required, signIn, type } from './browser.mjs';
import { Installation } from './installation.mjs';
import { freePort } from './ports.mjs';

let installation;
let browser;
let page;
before(async () => {
  const [port, opsPort] = [await freePort(), await freePort()];
  installation = await Installation.start({
    program: required('STREAMSPACE_PROGRAM'), data: required('STREAMSPACE_DATA'),
    slug: 'apart', email: 'owner@apart.test', port, opsPort,
  });
  browser = await launch();
  page = await open(browser);
  await page.goto(installation.url);
  await signIn(page, 'owner@apart.test', installation.password);
  await launchTerminal(page);
});
after(async () => {
  try {
    await endDesktop(page);
  } finally {
    await browser?.close();
    await installation?.stop();
  }
});

for (const [name, signal] of [['is stopped', 'SIGTERM'], ['is killed', 'SIGKILL']]) {
  test(`a control plane that ${name} and started again`, { timeout: 120_000 }, async (t) => {
    const session = page.url();
    const word = signal.toLowerCase();
    const home = await homeOf(page, installation.agentData);
    await type(page, `word=${word}; touch before-${word}`); // only this shell knows the word
    await page.keyboard.press('Enter');
    await poll('the file before', () => stat(join(home, `before-${word}`)).catch(() => undefined));
    await installation.endServer(signal);
    await page.getByRole('heading', { name: 'The server does not respond' }).waitFor();
    assert.equal(await page.getByText('Running', { exact: true }).count(), 0);
    await installation.startServer();
    const started = Date.now();
    await page.locator('.overlay').waitFor({ state: 'hidden' });
    await painted(page);
    t.diagnostic(`connected ${Date.now() - started} ms after it answered again`);
    assert.equal(page.url(), session);
    await type(page, 'echo $word >$word');
    await page.keyboard.press('Enter');
    await poll('what was typed', async () => (await readFile(join(home, word), 'utf8').catch(() => '')) === `${word}\n`);
  });
}
