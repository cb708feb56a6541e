// An open desktop whose network, server or database goes away: the page says so, and connects again by itself. Needs a
// running `streamspace dev`; run.mjs starts one.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endDesktop, launch, open, painted, poll, required, settled, signIn } from './browser.mjs';
import { Network } from './proxy.mjs';

const url = new URL(required('STREAMSPACE_URL'));
const password = required('STREAMSPACE_DEV_PASSWORD');
const data = required('STREAMSPACE_DATA');

/** A dead connection is shown within this time, in milliseconds. */
const shownWithin = 10_000;

let browser;
let page;
let network;
before(async () => {
  network = await Network.to(url.port);
  // The page keeps its address, which the server compares with the origin of requests.
  browser = await launch(`--host-resolver-rules=MAP ${url.host} 127.0.0.1:${network.port}`);
  page = await open(browser);
  await page.goto(url.href);
  await signIn(page, 'owner@globex.test', password);
  await page.getByRole('button', { name: 'Launch Terminal', exact: true }).click();
  await painted(page);
  await settled(page);
});
after(async () => {
  try {
    network.heal();
    await endDesktop(page);
  } finally {
    await browser?.close();
    network.close();
  }
});

/**
 * A trouble that the page must show, and get over by itself once it has passed. One that need not be shown is over after the
 * milliseconds `unseen`.
 */
function trouble(name, { begin, shown, unseen, end = () => {} }) {
  test(name, { timeout: 90_000 }, async (t) => {
    const began = Date.now();
    // A connection that comes back at once is not there for long enough to be seen from out here.
    await page.evaluate(() => {
      const overlay = document.querySelector('.overlay');
      window.lost = new Promise((resolve) => {
        new MutationObserver(() => { if (!overlay.hidden) { resolve(); } }).observe(overlay, { attributes: true });
      });
    });
    await begin();
    const over = unseen === undefined ? [] : [page.waitForTimeout(unseen)];
    await Promise.race([page.evaluate(() => window.lost), ...over]);
    const after = Date.now() - began;
    t.diagnostic(`shown after ${after} ms`);
    assert.ok(after < shownWithin, `it is shown after ${after} ms`);
    if (shown) {
      await page.getByRole('heading', { name: shown }).waitFor();
      assert.equal(await page.getByText('Running', { exact: true }).count(), 0);
      assert.equal(await page.evaluate(() => document.activeElement === document.body), false, 'the focus is not lost');
    }
    await end();
    const ended = Date.now();
    await page.locator('.overlay').waitFor({ state: 'hidden' });
    await painted(page);
    t.diagnostic(`connected ${Date.now() - ended} ms after it had passed`);
  });
}

trouble('a connection that is cut', { begin: () => network.cut() });
trouble('a network that delivers nothing to the browser', {
  begin: () => network.stall('down'),
  shown: /connection was lost|does not respond/,
  end: () => network.heal(),
});
trouble('a network that delivers nothing to the server', {
  begin: () => network.stall('up'),
  shown: /connection was lost|does not respond/,
  end: () => network.heal(),
});
trouble('a server that cannot be reached', {
  begin: () => network.goAway(),
  shown: 'The server does not respond',
  end: () => network.heal(),
});
// A desktop goes on without the database for 15 seconds. Everything else works again once it is back.
trouble('a database that restarts after a crash', { begin: crashDatabase, unseen: 3000, end: answered });

/** The server reaches the database again. */
function answered() {
  return poll('an answer', () => page.evaluate(async () => (await fetch('/api/v1/sessions')).ok));
}

/** Kills one process of the database, which then ends all others and recovers. */
async function crashDatabase() {
  const main = (await readFile(join(data, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  const children = pids.filter((_, i) => stats[i].replace(/^.*\) /, '').split(' ')[1] === main);
  const commands = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  const victim = children.find((_, i) => commands[i].includes('streamspace_app'));
  process.kill(Number(victim), 'SIGKILL');
  await poll('a database without that process', async () => !(await readdir('/proc')).includes(victim));
}
