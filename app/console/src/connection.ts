// Keeps a desktop connected until its session has ended, the access is gone or the user leaves.
import { type Client, Failure, sentence, type Session } from './api';
import { ended, silentHost } from './states';
import { preload, Stream } from './stream';
import { pause } from './wait';

/** How often the page asks for the state of a session that is starting or ending, in milliseconds. */
const interval = 1000;

/** A page that hears nothing from the server for as long gives up an attempt to connect, in milliseconds. */
const patience = 5000;

/** A connection that lasted as long was a good one: the next attempt after it does not wait, in milliseconds. */
const stable = 5000;

/**
 * The waits between attempts, in milliseconds: the first one, how much longer each further one is, and the longest. With
 * this factor a wait is about a third of the outage so far: doubled waits made a restart of three seconds last six.
 */
const firstWait = 500;
const factor = 1.3;
const longestWait = 15_000;

/** Why there is no connection, for the user. */
export interface Trouble {
  heading: string;
  text: string;
}

/** Desk shows what becomes of a connection. */
export interface Desk {
  /** Where the picture goes. */
  readonly screen: HTMLElement;
  learn(session: Session): void;
  connecting(): void;
  connected(stream: Stream): void;
  /** The page tries again by itself, or at once when `retry` is called. */
  lost(why: Trouble, retry: () => void): void;
  ending(session: Session): void;
  over(session: Session): void;
  refused(why: Failure): void;
}

/** Connection makes one attempt after the other. */
export class Connection {
  private failures = 0;

  constructor(
    private readonly api: Client,
    private readonly id: string,
    private readonly desk: Desk,
    private readonly left: AbortSignal,
  ) {}

  /** `known` is the session when the page has just received it, which saves a request. */
  async keep(known?: Session): Promise<void> {
    let session = known;
    for (let over = false; !over && !this.left.aborted; session = undefined) {
      try {
        over = await this.round(session ?? (await this.api.session(this.id, this.left)));
      } catch (thrown) {
        over = await this.failed(thrown);
      }
    }
  }

  /** Does what is to be done in the session's state. Returns whether that was the last thing. */
  private async round(session: Session): Promise<boolean> {
    this.desk.learn(session);
    if (ended(session)) {
      this.desk.over(session);
      return true;
    }
    if (session.state === 'terminating') {
      this.desk.ending(session);
      await pause(interval, this.left);
      return false;
    }
    this.desk.connecting();
    const connected = await this.connect(session.scale);
    if (connected || session.state === 'running') {
      await this.wait(session.host_silent_since === undefined
        ? { heading: 'The connection was lost', text: 'This page connects again by itself.' }
        : silentHost);
    } else { // the stream has waited for the desktop for as long as one request may
      await pause(interval, this.left);
    }
    return false;
  }

  /** Shows why a request failed, and waits. Returns whether another attempt is pointless. */
  private async failed(thrown: unknown): Promise<boolean> {
    if (this.left.aborted) {
      return true;
    }
    if (thrown instanceof Failure && (thrown.status === 403 || thrown.status === 404)) {
      this.desk.refused(thrown);
      return true;
    }
    await this.wait(troubleOf(thrown));
    return false;
  }

  /** Makes one attempt with a new ticket, which opens one stream, once. Returns whether it came to a connection. */
  private async connect(scale: number): Promise<boolean> {
    const client = preload().catch(() => { throw new Failure(0, 'unreachable', 'noVNC could not be loaded'); });
    const [{ default: Client }, { ticket }] = await Promise.all([client, this.api.createTicket(this.id, this.left)]);
    if (this.left.aborted) {
      return false;
    }
    const stream = new Stream(Client, { screen: this.desk.screen, session: this.id, scale, ticket });
    const close = () => stream.close();
    this.left.addEventListener('abort', close);
    void this.watch(stream);
    const connected = await Promise.race([stream.connected.then(() => true), stream.ended.then(() => false)]);
    if (connected) {
      const since = performance.now();
      this.desk.connected(stream);
      await stream.ended;
      if (performance.now() - since > stable) {
        this.failures = 0;
      }
    }
    this.left.removeEventListener('abort', close);
    return connected;
  }

  /** Updates the state on the page while the stream waits for the desktop, and gives up when the server is silent. */
  private async watch(stream: Stream): Promise<void> {
    const over = new AbortController();
    void Promise.race([stream.connected, stream.ended]).then(() => over.abort());
    const waits = AbortSignal.any([over.signal, this.left]);
    for (let heard = performance.now(); !waits.aborted;) {
      await pause(interval, waits);
      const asked = AbortSignal.any([waits, AbortSignal.timeout(patience)]);
      const session = await this.api.session(this.id, asked).catch(() => undefined);
      if (waits.aborted) {
        return;
      }
      if (session !== undefined) {
        heard = performance.now();
        this.desk.learn(session);
        this.desk.connecting();
      } else if (performance.now() - heard > patience) {
        stream.close();
      }
    }
  }

  /** Waits before the next attempt, but not once the network or the tab is back, or the user asks for it. */
  private async wait(why: Trouble): Promise<void> {
    if (this.left.aborted) {
      return;
    }
    const now = new AbortController();
    const hurry = (): void => now.abort();
    const shown = (): void => { if (document.visibilityState === 'visible') { hurry(); } };
    window.addEventListener('online', hurry, { signal: this.left });
    document.addEventListener('visibilitychange', shown, { signal: this.left });
    this.desk.lost(why, hurry);
    await pause(this.nextWait(), AbortSignal.any([this.left, now.signal]));
    window.removeEventListener('online', hurry);
    document.removeEventListener('visibilitychange', shown);
  }

  /** Returns the next wait. Pages that lost the same server do not come back all at once. */
  private nextWait(): number {
    const attempt = this.failures++;
    return attempt === 0 ? 0 : Math.min(longestWait, firstWait * factor ** (attempt - 1)) * (0.75 + Math.random() / 2);
  }
}

function troubleOf(thrown: unknown): Trouble {
  if (!navigator.onLine) {
    return { heading: 'You are offline', text: 'This page connects again as soon as the network is back.' };
  }
  if (thrown instanceof Failure && thrown.status === 0) {
    return { heading: 'The server does not respond', text: 'This page tries again by itself.' };
  }
  return { heading: 'The desktop cannot be reached', text: `${sentence(thrown)} This page tries again by itself.` };
}
