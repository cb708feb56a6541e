// A headless Chromium, and what is told of a page in it.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/** Starts a browser with a new, empty profile, which goes with it. */
export function launch(...more) {
  return chromium.launch({ executablePath, args: [...args, ...more] });
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
  const shrunk = canvas.getBoundingClientRect().width / width; // a sharp desktop has more pixels than the page
  return { x: (left + right) / 2 * shrunk, y: (top + bottom) / 2 * shrunk };
}

/** Signs in with the form that the page shows. */
export async function signIn(page, email, password) {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Looks ten times a second, for 15 s at most, until `look` gives something; `seen` says what was there instead. */
export async function poll(what, look, seen = () => 'nothing') {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited for ${what}, saw ${seen()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the environment says under a name. run.mjs sets it. */
export function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set; \`make test/browser\` starts what this test needs and sets it`);
  }
  return value;
}

/** Types as hands do: a character above another one with Shift held. */
export async function type(page, text) {
  const keys = { '>': 'Shift+Period', '"': 'Shift+Quote', '~': 'Shift+Backquote', ' ': 'Space' };
  for (const character of text) {
    await page.keyboard.press(keys[character] ?? character);
  }
}

/** Launches a terminal in a signed-in page, and waits until its shell takes what is typed. `press` is `click` or `tap`. */
export async function launchTerminal(page, press = 'click') {
  await page.getByRole('button', { name: 'Launch Terminal', exact: true })[press]();
  await painted(page);
  await shellListens(page);
}

/** Ends the desktop that a page shows, so that the next file finds none. */
export async function endDesktop(page, press = 'click') {
  await page.getByRole('button', { name: 'Terminate this desktop', exact: true })[press]();
  await page.getByRole('button', { name: 'Terminate', exact: true })[press]();
  await page.getByText('No desktop is running.').waitFor();
}

/**
 * The folder that is the home of the session that a page shows. Where it is a file system of its own, only the session
 * and its supervisor see it, below the agent's folder.
 */
export async function homeOf(page, agentData) {
  const folder = join(agentData, 'sessions', page.url().split('/').at(-1));
  const home = join(folder, 'home');
  if (!(await readdir(folder)).includes('home.img')) {
    return home;
  }
  const { supervisor } = JSON.parse(await readFile(join(folder, 'process'), 'utf8'));
  return join(`/proc/${supervisor}/root`, home);
}

/**
 * Has a session write what is typed next into a file of its home. Until the shell has begun that, it reads the keys
 * itself, and would take Enter and Control+d for text.
 */
export async function typeInto(page, home, name) {
  await type(page, `cat > ${name}`);
  await page.keyboard.press('Enter');
  await poll(`the file ${name}`, () => stat(join(home, name)).catch(() => undefined));
}
