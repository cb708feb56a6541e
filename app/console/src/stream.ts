// One connection to a desktop, from its ticket to its end.
import { Pulse } from './pulse';
import type RFB from '@novnc/novnc';

/** Loads noVNC in advance, so that opening a desktop does not wait for the download. */
export function preload(): Promise<typeof import('@novnc/novnc')> {
  return import('@novnc/novnc');
}

interface Target {
  screen: HTMLElement;
  session: string;
  /** How many pixels of the desktop make one of the page. */
  scale: number;
  ticket: string;
}

/**
 * A client that asks for a desktop larger than its place by a scale, and draws it as small as the place is. noVNC asks for
 * pixels of the page, and has no option for others.
 */
function sharp(Client: typeof RFB, scale: number): typeof RFB {
  return class extends Client {
    private asking = false;

    protected override _requestRemoteResize(): void {
      this.asking = true;
      super._requestRemoteResize();
      this.asking = false;
    }

    protected override _screenSize(): { w: number; h: number } {
      const { w, h } = super._screenSize();
      return this.asking ? { w: Math.floor(w * scale), h: Math.floor(h * scale) } : { w, h };
    }
  };
}

/** Stream draws one session into an element until the connection ends. */
export class Stream {
  readonly rfb: RFB;
  /** Is resolved when the connection has ended. It never fails. */
  readonly ended: Promise<void>;
  /** Is resolved when the handshake is complete; then the display sends its picture. */
  readonly connected: Promise<void>;
  private readonly pulse: Pulse;
  private readonly stopped = new AbortController();
  private finish!: () => void;

  /** Connects. The ticket is sent as a subprotocol, because a URL would be kept in logs and in the history. */
  constructor(Client: typeof RFB, { screen, session, scale, ticket }: Target) {
    const address = new URL(`/api/v1/sessions/${session}/stream`, location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    address.hash = '';
    const socket = new WebSocket(address, ['binary', `ticket.${ticket}`]);
    this.ended = new Promise((resolve) => { this.finish = resolve; });
    this.rfb = new (sharp(Client, scale))(screen, socket);
    this.rfb.scaleViewport = true;
    this.rfb.resizeSession = true;
    this.rfb.background = 'transparent';
    this.pulse = new Pulse(socket, () => this.close());
    this.connected = new Promise((resolve) => {
      this.rfb.addEventListener('connect', () => {
        this.pulse.begin();
        resolve();
      });
    });
    this.rfb.addEventListener('disconnect', () => this.over());
    this.claimSize(screen);
  }

  /**
   * Gives the desktop the size of this window each time that the user turns to it. Of several windows that show the same
   * desktop the one in use decides, and none can shrink the others for good.
   */
  private claimSize(screen: HTMLElement): void {
    const claim = (): void => {
      if (document.visibilityState === 'visible') {
        this.rfb.resizeSession = true; // noVNC then asks for the size, unless the desktop has it
      }
    };
    const { signal } = this.stopped;
    window.addEventListener('focus', claim, { signal });
    document.addEventListener('visibilitychange', claim, { signal });
    screen.addEventListener('pointerdown', claim, { signal, capture: true });
    screen.addEventListener('keydown', claim, { signal, capture: true });
  }

  /** Ends the connection. It does not wait for the server, which may be out of reach. */
  close(): void {
    this.rfb.disconnect();
    this.over();
  }

  private over(): void {
    this.pulse.stop();
    this.stopped.abort();
    this.finish();
  }
}
