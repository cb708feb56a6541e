// Text between the browser's clipboard and a real desktop's. Needs a running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  endDesktop, homeOf, launch, launchTerminal, open, poll, required, shellListens, signIn, type, typeInto,
} from './browser.mjs';

const url = required('STREAMSPACE_URL');
const password = required('STREAMSPACE_DEV_PASSWORD');
const agentData = required('STREAMSPACE_AGENT_DATA');

/** All of Unicode's planes, and lines; more than 100 KB of it. No line is longer than a terminal takes. */
const text = 'Grüße, 世界 🎉👩‍💻\n'.repeat(4000);

let browser;
let page;
let home; // the session's
before(async () => {
  browser = await launch();
  page = await open(browser, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(url);
  await signIn(page, 'admin@globex.test', password);
  await launchTerminal(page);
  home = await homeOf(page, agentData);
});
after(async () => {
  try {
    await endDesktop(page);
  } finally {
    await browser?.close();
  }
});

const write = (what) => page.evaluate((t) => navigator.clipboard.writeText(t), what);
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

async function line(command) {
  await type(page, command);
  await page.keyboard.press('Enter');
}

/** Waits until a file of the session has that content. */
async function has(name, content) {
  let found = '';
  await poll(`${name} with ${content.length} characters`, async () => {
    found = await readFile(join(home, name), 'utf8').catch(() => '');
    return found.length >= content.length;
  }, () => `${found.length}`);
  assert.ok(found === content, 'it is the same text');
}

test('a text of the browser is pasted with the keyboard', { timeout: 60_000 }, async () => {
  assert.ok(Buffer.byteLength(text) > 100_000);
  await write(text);
  await typeInto(page, home, 'pasted.txt');
  await page.keyboard.press('Shift+Insert');
  await has('pasted.txt', text);
  await page.keyboard.press('Control+d');
});

test('a text that the desktop copies is in the browser', { timeout: 60_000 }, async () => {
  await writeFile(join(home, 'source.txt'), text);
  await writeFile(join(home, 'copy.sh'), `exec xterm -xrm '*allowWindowOps: true' -e sh -c '
    printf "\\033]52;c;%s\\007" "$(base64 -w0 source.txt)"; read wait'\n`);
  await write('before');
  await line('sh copy.sh');
  await poll('the text in the clipboard', async () => (await clipboard()) !== 'before');
  assert.ok((await clipboard()) === text, 'it is the same text');
  await page.keyboard.press('Enter');
  await shellListens(page);
});

test('a panel takes and gives the text where the browser does not allow it', { timeout: 60_000 }, async () => {
  await page.getByRole('button', { name: 'Clipboard', exact: true }).click();
  const field = page.getByLabel('Text in the clipboard of the desktop');
  assert.ok((await field.inputValue()) === text, 'it has what the desktop copied');
  const short = 'two\nlines 🎈\n';
  await field.fill(short);
  await page.getByRole('button', { name: 'Put into the desktop', exact: true }).click();
  await page.getByText('The desktop has the text.').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Clipboard', 'the focus is back');
  await page.locator('.screen canvas').focus();
  await write(''); // so that only the desktop's own clipboard has it
  await typeInto(page, home, 'given.txt');
  await page.keyboard.press('Shift+Insert');
  await has('given.txt', short);
  await page.keyboard.press('Control+d');
});
