// Starts a `streamspace dev` with data of its own, runs the browser tests against it, and leaves nothing behind.
//
//   node test/run.mjs path/to/streamspace [test ...]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { startMail } from './mailbox.mjs';
import { freePort } from './ports.mjs';

/** A first start makes a database; on a loaded machine that takes its time. */
const readyWithin = 120_000;

/** An orderly end stops a database and every session. */
const endsWithin = 30_000;

const [program, ...only] = process.argv.slice(2);
if (!program) {
  console.error('usage: node test/run.mjs path/to/streamspace [test ...]');
  process.exit(2);
}

// Not below a folder for temporary files of one user's own: those that PostgreSQL and the sessions run as must get in.
const data = await mkdtemp('/var/tmp/streamspace-test-');
await chmod(data, 0o755);
const mailbox = join(data, 'mailbox');
const mailServer = await startMail(mailbox);
const [port, opsPort] = await Promise.all([freePort(), freePort()]);
const settings = {
  STREAMSPACE_LISTEN: `127.0.0.1:${port}`,
  STREAMSPACE_OPS_LISTEN: `127.0.0.1:${opsPort}`,
  STREAMSPACE_PUBLIC_URL: `http://localhost:${port}`,
  STREAMSPACE_DATA: data,
  STREAMSPACE_DEV_PASSWORD: randomBytes(12).toString('hex'),
  STREAMSPACE_SMTP_URL: mailServer.url,
  STREAMSPACE_MAIL_FROM: 'noreply@example.test',
};
// A group of its own: Ctrl-C here reaches it once, from us.
const server = spawn(program, ['dev'], {
  env: { ...process.env, ...settings },
  stdio: ['ignore', 'pipe', 'pipe'],
  detached: true,
});
let log = '';
server.stdout.on('data', (bytes) => { log += bytes; });
server.stderr.on('data', (bytes) => { log += bytes; });
const ended = new Promise((resolve) => {
  server.once('error', (error) => resolve(`could not be started: ${error.message}`));
  server.once('exit', (code, signal) => resolve(`ended with ${signal ?? `status ${code}`}`));
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => void finish(false, `stopped by ${signal}`));
}

try {
  await ready();
  await finish(await passes(), 'a test failed, or none ran');
} catch (error) {
  await finish(false, error.message);
}

async function ready() {
  const probe = `http://127.0.0.1:${opsPort}/readyz`;
  const deadline = Date.now() + readyWithin;
  for (;;) {
    const early = await Promise.race([ended, pause(200)]);
    if (early) {
      throw new Error(`${program} dev ${early}`);
    }
    if (await fetch(probe, { signal: AbortSignal.timeout(2000) }).then((answer) => answer.ok, () => false)) {
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(`${program} dev was not ready within ${readyWithin / 1000} s`);
    }
  }
}

/** Runs the tests one file after the other and tells whether some passed and none failed. */
async function passes() {
  Object.assign(process.env, settings, {
    STREAMSPACE_URL: settings.STREAMSPACE_PUBLIC_URL,
    STREAMSPACE_AGENT_DATA: join(data, 'agent'),
    STREAMSPACE_MAILBOX: mailbox,
    STREAMSPACE_PROGRAM: program,
  });
  const all = [
    'states', 'desktop', 'connection', 'restart', 'ended', 'fit', 'clipboard', 'typing', 'signins', 'mail', 'reference',
  ];
  const chosen = all.filter((name) => only.length === 0 || only.includes(name));
  const files = chosen.map((name) => fileURLToPath(new URL(`${name}.test.mjs`, import.meta.url)));
  const stream = run({ files, concurrency: 1 });
  const passed = new Set();
  let failed = false;
  stream.on('test:fail', () => { failed = true; });
  stream.on('test:pass', ({ name, file, skip }) => {
    if (skip === undefined && !files.includes(name)) { // a file without a test passes under its own name
      passed.add(file);
    }
  });
  stream.compose(new spec()).pipe(process.stdout);
  await new Promise((resolve) => stream.once('end', resolve));
  return !failed && passed.size === files.length;
}

/** Ends the server, then this process; the log is shown when something went wrong. */
async function finish(passed, why) {
  const orderly = await stop();
  mailServer.stop();
  await rm(data, { recursive: true, force: true });
  if (passed && orderly) {
    process.exit(0);
  }
  console.error(`${log}\n${passed ? `${program} dev did not end orderly` : why}`);
  process.exit(1);
}

/** Asks the server to end and tells whether it did so without being killed. */
async function stop() {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) {
    return false;
  }
  server.kill('SIGINT');
  if (await Promise.race([ended, pause(endsWithin)])) {
    return server.exitCode === 0;
  }
  server.kill('SIGKILL');
  await ended;
  return false;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
