// A real desktop fits the window that shows it. Needs a running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  endDesktop, homeOf, launch, launchTerminal, open, painted, poll, required, settled, shellListens, signIn, type,
} from './browser.mjs';

const url = required('STREAMSPACE_URL');
const password = required('STREAMSPACE_DEV_PASSWORD');
const agentData = required('STREAMSPACE_AGENT_DATA');

let browser;
let page;
before(async () => {
  browser = await launch();
  page = await open(browser);
  await page.goto(url);
  await signIn(page, 'admin@acme.test', password);
  await launchTerminal(page);
});
after(async () => {
  try {
    await endDesktop(page);
  } finally {
    await browser?.close();
  }
});

/** Runs in the page: whether the desktop has a pixel for each of the screen's in its place, and the terminal all of it. */
function fits() {
  const canvas = document.querySelector('.screen canvas');
  const { clientWidth, clientHeight } = document.querySelector('.screen');
  const { width, height } = canvas?.getBoundingClientRect() ?? {};
  if (width !== clientWidth || height !== clientHeight) {
    return false;
  }
  if (canvas.width !== clientWidth * devicePixelRatio || canvas.height !== clientHeight * devicePixelRatio) {
    return false;
  }
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const colours = (x, y, w, h) => new Set(new Uint32Array(context.getImageData(x, y, w, h).data.buffer));
  const edges = [
    colours(0, canvas.height - 1, canvas.width, 1), // below the last line
    colours(canvas.width - 1, canvas.height / 2, 1, canvas.height / 2), // right of the last column
  ];
  return edges.every((edge) => edge.size === 1 && edge.has(0xff1c1511)); // the terminal's ground, #11151c
}

/** Waits until the desktop fits, and its prompt is in the picture. */
async function fitted(what) {
  await poll(`a desktop that fits ${what}`, () => page.evaluate(fits));
  await shellListens(page); // the line that Enter makes is seen
  assert.ok(await page.evaluate(fits), 'and it stays so');
}

for (const [what, width, height] of [
  ['the window', 1280, 800],
  ['a smaller window', 700, 420],
  ['a larger window', 1600, 1000],
  ['a phone', 390, 844],
  ['a phone that is turned', 844, 390],
]) {
  test(`the terminal fits ${what}`, { timeout: 60_000 }, async () => {
    await page.setViewportSize({ width, height });
    await fitted(what);
  });
}

test('a small second tab does not shrink the first one for good', { timeout: 60_000 }, async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await fitted('the window');
  const second = await page.context().newPage();
  await second.setViewportSize({ width: 500, height: 400 });
  await second.goto(page.url());
  await painted(second);
  await poll('a desktop of the second tab', () => second.evaluate(fits));
  assert.equal(await page.evaluate(fits), false);
  await page.bringToFront();
  await page.locator('.screen canvas').click();
  await poll('a desktop of the first tab', () => page.evaluate(fits));
  await second.close();
  await settled(page);
  await fitted('the first tab');
});

/** How many lines of text the terminal has. */
async function lines(on) {
  await type(on, 'stty size > size');
  await on.keyboard.press('Enter');
  const file = join(await homeOf(on, agentData), 'size');
  const size = await poll('the size of the terminal', () => readFile(file, 'utf8').catch(() => ''));
  return Number.parseInt(size, 10);
}

test('the desktop is sharp where the screen has two pixels for one of the page', { timeout: 120_000 }, async () => {
  const usual = await lines(page);
  const sharp = await open(browser, { deviceScaleFactor: 2 });
  await sharp.goto(url);
  await signIn(sharp, 'member@acme.test', password);
  await launchTerminal(sharp); // its click finds the terminal, which shows that the pointer is where it seems to be
  await poll('a desktop with a pixel for each of the screen', () => sharp.evaluate(fits));
  const large = await lines(sharp); // of pixels rounded otherwise
  assert.ok(Math.abs(large - usual) < usual / 10, `${large} lines of text, and ${usual} on another screen`);
  await endDesktop(sharp);
  await sharp.context().close();
});
