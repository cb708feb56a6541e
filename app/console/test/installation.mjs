// A control plane and an agent that run as in production, each as a process that a test can end and start again, and an
// organisation that only they serve. They share the database of the running `streamspace dev`.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { poll } from './browser.mjs';

/** How long a command of an operator, or an orderly end, may take on a busy machine, in milliseconds. */
const patience = 60_000;

export class Installation {
  #program;
  #folder;
  #settings;
  #serve;
  #agent;
  #log = '';

  /** Makes the organisation `slug` with the owner `email`, and starts what serves it. `data` is the folder of dev. */
  static async start({ program, data, slug, email, port, opsPort }) {
    const made = new Installation();
    made.#program = program;
    made.#folder = await mkdtemp(join(tmpdir(), 'streamspace-installation-'));
    await chmod(made.#folder, 0o711); // the sessions' users must get through
    made.url = `http://localhost:${port}`;
    made.agentData = join(made.#folder, 'agent');
    made.#settings = {
      PATH: process.env.PATH,
      STREAMSPACE_DATABASE_URL: `postgres:///streamspace?host=${join(data, 'postgres', 'socket')}&port=5432&sslmode=disable`,
      STREAMSPACE_OPERATOR: 'test',
      STREAMSPACE_SIGNING_KEYS: join(data, 'keys'),
      STREAMSPACE_LISTEN: `127.0.0.1:${port}`,
      STREAMSPACE_OPS_LISTEN: `127.0.0.1:${opsPort}`,
      STREAMSPACE_PUBLIC_URL: made.url,
      STREAMSPACE_CONTROL_URL: `http://127.0.0.1:${port}`,
      STREAMSPACE_AGENT_CREDENTIAL: join(made.#folder, 'credential'),
      STREAMSPACE_DATA: made.agentData,
    };
    try {
      await made.#build(slug, email);
    } catch (error) {
      await made.stop();
      throw new Error(`${error.message}\n${made.#log}`, { cause: error });
    }
    return made;
  }

  async #build(slug, email) {
    this.password = (await this.#admin('user', 'create', email, '--name', 'Owner')).trim();
    await this.#admin('org', 'create', '--slug', slug, '--name', slug, '--owner', email);
    await this.#admin('agent', 'enrol', slug, '--credential', this.#settings.STREAMSPACE_AGENT_CREDENTIAL);
    await this.#admin('agent', 'serve', slug, slug);
    await this.startServer();
    this.#agent = this.#run('agent');
  }

  /** Starts the control plane, and waits until it answers. */
  async startServer() {
    this.#serve = this.#run('serve');
    await poll('an answer of the control plane', () => fetch(`http://${this.#settings.STREAMSPACE_OPS_LISTEN}/readyz`)
      .then((answer) => answer.ok, () => false), () => this.#log);
  }

  /** Ends the control plane by a signal, and waits until it has ended. */
  async endServer(signal) {
    await end(this.#serve, signal);
  }

  /** Ends both, and deletes what they kept outside the database. */
  async stop() {
    await end(this.#agent, 'SIGTERM'); // first, while its reports still arrive
    await end(this.#serve, 'SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #admin(...args) {
    const run = promisify(execFile);
    const { stdout } = await run(this.#program, ['admin', ...args], { env: this.#settings, timeout: patience });
    return stdout;
  }

  #run(command) {
    const child = spawn(this.#program, [command], { env: this.#settings, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (bytes) => { this.#log += bytes; });
    }
    return child;
  }
}

/** Ends a process by a signal, if it runs. One that does not end is killed. */
async function end(child, signal) {
  if (!child || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), patience);
  child.kill(signal);
  await ended;
  clearTimeout(late);
}
