// How a real desktop ends, and what its page then says. Needs a running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { isPainted, launch, open, painted, required, shellListens, signIn, type } from './browser.mjs';

const url = required('STREAMSPACE_URL');
const password = required('STREAMSPACE_DEV_PASSWORD');
const data = required('STREAMSPACE_DATA');

let browser;
let page; // of a member
let admin; // of the same organisation
before(async () => {
  browser = await launch();
  [page, admin] = [await open(browser), await open(browser)];
  for (const [one, name] of [[page, 'member'], [admin, 'admin']]) {
    await one.goto(url);
    await signIn(one, `${name}@globex.test`, password);
    await one.getByText(`${name}@globex.test`).waitFor();
  }
});
after(() => browser?.close());

/** Launches a terminal and returns the path of its session. */
async function launched() {
  await page.goto(`${url}/#/`);
  await page.getByRole('button', { name: 'Launch Terminal', exact: true }).click();
  await painted(page);
  return `/api/v1/sessions/${page.url().split('/').at(-1)}`;
}

const read = (path) => page.evaluate(async (at) => (await fetch(at)).json(), path);
const heading = (name) => page.getByRole('heading', { name }).waitFor();

afterEach(async () => {
  assert.equal(await page.evaluate(() => document.activeElement === document.body), false, 'the focus is not lost');
  assert.equal(await page.evaluate(isPainted), false, 'no picture of it is left');
});

test('exit in the terminal ends the session as closed', { timeout: 60_000 }, async () => {
  const path = await launched();
  await shellListens(page);
  await type(page, 'exit');
  await page.keyboard.press('Enter');
  await heading('The desktop has ended');
  await page.getByText('Reason: it was closed.').waitFor();
  const { state, reason } = await read(path);
  assert.deepEqual({ state, reason }, { state: 'terminated', reason: 'closed' });
  await page.getByRole('button', { name: 'Launch again', exact: true }).waitFor();
});

test('an admin ends the desktop of another', { timeout: 60_000 }, async () => {
  const path = await launched();
  await admin.goto(`${url}/${page.url().split('/').slice(3).join('/')}`);
  await painted(admin);
  await admin.getByText('of Member at Globex', { exact: true }).waitFor();
  await admin.evaluate((at) => fetch(at, { method: 'DELETE' }), path);
  await heading('The desktop has ended');
  await page.getByText('Admin at Globex ended it.').waitFor();
});

test('the computer that runs the desktop is restarted', { timeout: 90_000 }, async () => {
  await launched();
  process.kill(await agent(), 'SIGKILL');
  await heading('The desktop has failed');
  await page.getByText('Reason: the computer that ran it was restarted.').waitFor();
});

/** The process id of the agent that the program started. */
async function agent() {
  for (const pid of await readdir('/proc')) {
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    if (command.includes('streamspace\0agent') && environment.includes(data)) {
      return Number(pid);
    }
  }
  throw new Error('the agent runs under another name');
}
