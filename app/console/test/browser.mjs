// A headless Chromium, and what is told of a page in it.
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** Starts a browser with a new, empty profile, which goes with it. */
export function launch() {
  return chromium.launch({ executablePath, args });
}

/**
 * Opens a page in a context of its own, so with cookies of its own. `page.trouble` gathers what must not happen: uncaught
 * errors, errors on the console and violations of the content security policy.
 */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`content security policy: ${event.violatedDirective} blocks ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.trouble = [];
  page.on('pageerror', (error) => page.trouble.push(`uncaught: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      page.trouble.push(`${message.text()} (${message.location().url})`);
    }
  });
  return page;
}

/** What is left of a page's trouble beside the refusals that the test provoked, each told by a pattern. */
export function unexpected(page, ...provoked) {
  return page.trouble.filter((text) => !provoked.some((pattern) => pattern.test(text)));
}

/** Everything that a sign-in could be kept in where a script sees it: how much of it there is. */
export function scriptsSee(page) {
  return page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
}

/** The pattern of the console's word about an answer with this status. */
export function refused(status, path) {
  return new RegExp(`status of ${status} .*${path}`);
}

/** Waits until the desktop shows a picture: its canvas is not of one colour. */
export function painted(page) {
  return page.waitForFunction(isPainted, undefined, { polling: 'raf' });
}

/** Runs in the page. A small copy of the picture is enough to see whether all of it is of one colour. */
export function isPainted() {
  const canvas = document.querySelector('.screen canvas');
  if (!canvas || canvas.width === 0 || canvas.height === 0) {
    return false;
  }
  const copy = new OffscreenCanvas(160, 100).getContext('2d');
  copy.drawImage(canvas, 0, 0, 160, 100);
  const pixels = new Uint32Array(copy.getImageData(0, 0, 160, 100).data.buffer);
  return pixels.some((pixel) => pixel !== pixels[0]);
}

/** How long a picture must not have changed to be thought complete, in milliseconds. */
const quiet = 500;

/** Waits until what was to be drawn is drawn, and returns the picture. */
export async function settled(page) {
  const deadline = Date.now() + 15_000;
  let before;
  let now = await picture(page);
  do {
    before = now;
    await page.waitForTimeout(quiet);
    now = await picture(page);
  } while (now !== before && Date.now() < deadline);
  return now;
}

/**
 * Waits until a terminal takes what is typed: a window that shows need not have a shell, or the keyboard, yet. Clicks
 * into it and presses Enter until that has changed the picture twice in a row.
 */
export async function shellListens(page) {
  const deadline = Date.now() + 30_000;
  let heard = 0;
  while (heard < 2) {
    if (Date.now() > deadline) {
      throw new Error('no shell takes what is typed into the desktop');
    }
    await page.locator('.screen canvas').click({ position: await page.evaluate(middleOfWindow) });
    const before = await settled(page);
    await page.keyboard.press('Enter');
    heard = (await settled(page)) === before ? 0 : heard + 1;
  }
}

function picture(page) {
  return page.evaluate(() => document.querySelector('.screen canvas').toDataURL());
}

/** Runs in the page: the middle of all that is not of the ground's colour, which the last corner has. */
function middleOfWindow() {
  const canvas = document.querySelector('.screen canvas');
  const { width, height } = canvas;
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer);
  const ground = pixels[pixels.length - 1];
  let [left, top, right, bottom] = [width, height, 0, 0];
  pixels.forEach((pixel, i) => {
    if (pixel !== ground) {
      const [x, y] = [i % width, Math.floor(i / width)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  });
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

/** Types as hands do: a character above another one with Shift held. */
export async function type(page, text) {
  const keys = { '>': 'Shift+Period', '~': 'Shift+Backquote', ' ': 'Space' };
  for (const character of text) {
    await page.keyboard.press(keys[character] ?? character);
  }
}
