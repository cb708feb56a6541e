// Typing into a real desktop without a keyboard of its own: on a phone, and with an input method. Needs a running
// `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endDesktop, homeOf, launch, launchTerminal, open, poll, required, settled, signIn, typeInto } from './browser.mjs';

const url = required('STREAMSPACE_URL');
const password = required('STREAMSPACE_DEV_PASSWORD');
const agentData = required('STREAMSPACE_AGENT_DATA');

let browser;
let page;
let keys; // the keyboard and the input method, below what playwright makes of them
let home; // the session's
before(async () => {
  browser = await launch();
  page = await open(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await page.goto(url);
  await signIn(page, 'member@acme.test', password);
  await launchTerminal(page, 'tap');
  keys = await page.context().newCDPSession(page);
  home = await homeOf(page, agentData);
});
after(async () => {
  try {
    await endDesktop(page, 'tap');
  } finally {
    await browser?.close();
  }
});

const focused = () => page.evaluate(() => document.activeElement.tagName);

/** Puts what `write` types into a file of the session, and returns the file's content. */
async function typed(name, write) {
  await typeInto(page, home, name);
  await write();
  await page.keyboard.press('Enter');
  await settled(page);
  await page.keyboard.press('Control+d');
  let content;
  return poll(name, async () => {
    content = await readFile(join(home, name), 'utf8');
    return content.endsWith('\n') && content.slice(0, -1);
  }, () => JSON.stringify(content));
}

test('a tap on the desktop opens the keyboard', { timeout: 60_000 }, async () => {
  await page.getByRole('button', { name: 'Desktops', exact: true }).focus();
  await page.locator('.screen canvas').tap();
  assert.equal(await focused(), 'TEXTAREA');
  assert.ok(await page.evaluate(() => document.activeElement.matches(':read-write')));
});

test('a text of a phone’s keyboard arrives, and what is erased does not', { timeout: 60_000 }, async () => {
  const content = await typed('phone', async () => {
    await keys.send('Input.insertText', { text: 'Grüße, Weltx' });
    await page.evaluate(() => document.execCommand('delete')); // as a phone does, which presses no key
    await keys.send('Input.insertText', { text: ' 🎉' });
  });
  assert.equal(content, 'Grüße, Welt 🎉');
});

test('a text of an input method arrives once it is composed', { timeout: 60_000 }, async () => {
  const content = await typed('composed', async () => {
    for (const text of ['に', 'にほ', 'にほん', '日本']) {
      await keys.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
    }
    await keys.send('Input.insertText', { text: '日本' });
    await keys.send('Input.insertText', { text: '語' });
  });
  assert.equal(content, '日本語');
});

test('dead keys and AltGr arrive', { timeout: 60_000 }, async () => {
  const press = async (key, code, more = {}) => {
    await keys.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code, ...more });
    await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code, ...more });
  };
  const content = await typed('keys', async () => {
    await press('Dead', 'Equal');
    await press('ê', 'KeyE', { text: 'ê' });
    await keys.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'AltGraph', code: 'AltRight' });
    await press('@', 'KeyQ', { text: '@' });
    await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'AltGraph', code: 'AltRight' });
  });
  assert.equal(content, 'ê@');
});
