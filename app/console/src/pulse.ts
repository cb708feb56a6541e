// Finds out that a connection is dead although neither side has closed it: a network that is gone says nothing.

/** How often the connection is looked at, in milliseconds. */
const tick = 1000;

/** After how many silent ticks the display is asked for a sign of life, and after how many the connection is dead. */
const askAfter = 3;
const deadAfter = 8;

/**
 * A FramebufferUpdateRequest (RFC 6143 §7.5.3) that is not incremental, for one pixel: the display answers it even when
 * nothing has changed, so that the answer proves both directions, through to the display.
 */
const question = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 1, 0, 1]);

/**
 * Pulse calls `dead` once a socket is silent for eight seconds. It counts its own ticks and not the time: a page that
 * was frozen has missed messages and ticks alike, and must hear the display before it judges.
 */
export class Pulse {
  private silent = 0;
  private asks = false;
  private readonly stopped = new AbortController();

  constructor(private readonly socket: WebSocket, private readonly dead: () => void) {
    const { signal } = this.stopped;
    const timer = setInterval(() => this.look(), tick);
    signal.addEventListener('abort', () => clearInterval(timer));
    socket.addEventListener('message', () => { this.silent = 0; }, { signal });
    for (const event of ['online', 'offline']) {
      window.addEventListener(event, () => this.hurry(), { signal });
    }
    document.addEventListener('visibilitychange', () => this.hurry(), { signal });
  }

  /** From now on the handshake is complete, so that the display answers questions. */
  begin(): void {
    this.asks = true;
  }

  stop(): void {
    this.stopped.abort();
  }

  private look(): void {
    if (this.socket.readyState !== WebSocket.OPEN) {
      return; // the server waits for the desktop to start
    }
    this.silent++;
    if (this.silent >= deadAfter) {
      this.stop();
      this.dead();
    } else if (this.silent === askAfter) {
      this.ask();
    }
  }

  /** Asks at once, because the network has changed or the user has come back. */
  private hurry(): void {
    this.silent = Math.max(this.silent, askAfter);
    this.ask();
  }

  private ask(): void {
    if (this.asks && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(question);
    }
  }
}
