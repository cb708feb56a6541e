// A real mail server, and the mail that it has accepted.
import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Debian's, which has Debian's python3-aiosmtpd: another Python may be first on PATH. */
const python = '/usr/bin/python3';
const program = fileURLToPath(new URL('../../../adapters/smtp/smtptest/server.py', import.meta.url));
const patience = 30_000;

/** Starts the server, which writes its port and each message as a line of a file, and returns how to reach and end it. */
export async function startMail(file) {
  const lines = await open(file, 'w');
  const settings = JSON.stringify({ tls: '', user: '', password: '' });
  const server = spawn(python, [program, settings], { stdio: ['ignore', lines.fd, 'inherit'] });
  await lines.close();
  const [port] = await linesOf(file, 1);
  return { url: `smtp://127.0.0.1:${port}`, stop: () => server.kill() };
}

/** Waits for the nth message, from 1 on, and returns whom it is to and the link in it. */
export async function mail(file, n) {
  const { to, text } = JSON.parse((await linesOf(file, n + 1))[n]);
  const body = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return { to, link: /https?:\/\/\S+/.exec(body)[0] };
}

async function linesOf(file, count) {
  const deadline = Date.now() + patience;
  for (;;) {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    if (lines.length >= count) {
      return lines;
    }
    if (Date.now() > deadline) {
      throw new Error(`the mail server has written ${lines.length} lines, not ${count}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
