// One session's desktop, filling the window.
import { Failure, sentence, type Session } from './api';
import type { App, View } from './app';
import { title } from './brand';
import { confirmed } from './confirm';
import { announce, h, icon } from './dom';
import { keyboardExit } from './keyboard';
import { Overlay } from './overlay';
import { badge, because, ended } from './states';
import { pause } from './wait';
import type RFB from '@novnc/novnc';

/** Between two looks at a session that does not run yet, in milliseconds. */
const interval = 1000;

/** Loads what draws desktops before one is wanted; a click then need not wait for it. */
export function preload(): Promise<typeof import('@novnc/novnc')> {
  return import('@novnc/novnc');
}

/** Shows a session's desktop. `known` is the session when the page has just been told of it. */
export function desktop(app: App, id: string, known?: Session): View {
  return (root, left) => {
    const shown = new Desktop(app, id, left);
    root.append(shown.element);
    void shown.begin(known);
  };
}

class Desktop {
  readonly element: HTMLElement;
  private readonly name = h('h1', { class: 'bar-title' }, 'Desktop');
  private readonly state = h('span');
  private readonly problem = h('span', { class: 'problem inline', role: 'alert' });
  private readonly back = h(
    'button',
    { class: 'quiet', type: 'button', click: () => this.app.home() },
    icon('back'),
    h('span', { class: 'bar-label' }, 'Desktops'),
  );
  private readonly full: HTMLButtonElement;
  private readonly end = h('span');
  private readonly screen = h('div', { class: 'screen' });
  private readonly overlay = new Overlay();
  private readonly stage = h('div', { class: 'stage' }, this.screen, this.overlay.element);
  private session: Session | undefined;
  private rfb: RFB | undefined;
  /** Ends what only one attempt to connect needs. */
  private attempt = new AbortController();

  constructor(private readonly app: App, private readonly id: string, private readonly left: AbortSignal) {
    this.full = h(
      'button',
      { class: 'quiet', type: 'button', click: () => void this.fill() },
      icon('expand'),
      h('span', { class: 'bar-label' }, 'Full screen'),
    );
    this.element = h('div', { class: 'desktop' }, this.bar(), h('main', { class: 'stage-box' }, this.stage));
    keyboardExit(this.stage, () => this.release());
    left.addEventListener('abort', () => this.leave(), { once: true });
  }

  /** Finds out what the session is, unless that is known, and connects. */
  async begin(known?: Session): Promise<void> {
    this.overlay.wait('Connecting…');
    try {
      this.learn(known ?? (await this.app.api.session(this.id, this.left)));
    } catch (thrown) {
      this.unreachable(thrown);
      return;
    }
    if (ended(this.session!)) {
      this.over(this.session!);
    } else {
      await this.connect();
    }
  }

  private bar(): HTMLElement {
    const hint = 'Ctrl + Alt + Shift takes the keyboard out of the desktop';
    this.back.setAttribute('aria-description', hint);
    this.full.disabled = !document.fullscreenEnabled;
    return h(
      'header',
      { class: 'bar' },
      this.back,
      this.name,
      this.state,
      h('span', { class: 'bar-hint' }, hint),
      h('div', { class: 'actions' }, this.problem, this.full, this.end),
    );
  }

  /** The picture fills the screen and takes the keyboard. Where the browser refuses, nothing changes. */
  private async fill(): Promise<void> {
    await this.stage.requestFullscreen().catch(() => undefined);
    this.rfb?.focus();
  }

  private learn(session: Session): void {
    this.session = session;
    this.name.textContent = session.name;
    this.state.replaceChildren(badge(session.state));
    title(session.name);
    if (ended(session) || session.state === 'terminating' || this.app.me.role === 'viewer') {
      this.end.replaceChildren();
    } else if (this.end.childElementCount === 0) {
      this.end.append(this.terminate());
    }
  }

  /** One attempt: a fresh ticket, which opens one stream once. */
  private async connect(): Promise<void> {
    this.attempt.abort();
    this.attempt = new AbortController();
    const attempt = AbortSignal.any([this.attempt.signal, this.left]);
    this.await();
    try {
      const asked = this.app.api.createTicket(this.id, attempt);
      const [{ default: Client }, { ticket }] = await Promise.all([preload(), asked]);
      if (!attempt.aborted) {
        this.stream(Client, ticket);
        void this.watch(attempt);
      }
    } catch (thrown) {
      if (attempt.aborted) {
        return;
      }
      if (thrown instanceof Failure && thrown.status === 409) { // it has ended meanwhile
        await this.explain();
      } else {
        this.unreachable(thrown);
      }
    }
  }

  /** The ticket travels as a subprotocol: an address would end up in logs and in the history. */
  private stream(Client: typeof RFB, ticket: string): void {
    const address = new URL(`/api/v1/sessions/${this.id}/stream`, location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    address.hash = '';
    const rfb = new Client(this.screen, address.href, { wsProtocols: ['binary', `ticket.${ticket}`] });
    rfb.scaleViewport = true;
    rfb.resizeSession = true;
    rfb.background = 'transparent';
    rfb.addEventListener('connect', () => this.connected(rfb));
    rfb.addEventListener('disconnect', () => this.disconnected(rfb));
    this.rfb = rfb;
  }

  private connected(rfb: RFB): void {
    this.attempt.abort();
    this.learn({ ...this.session!, state: 'running' }); // a desktop that answers runs
    this.overlay.hide();
    announce(`${this.session!.name} is connected.`);
    rfb.focus();
  }

  private disconnected(rfb: RFB): void {
    if (this.rfb === rfb) {
      this.rfb = undefined;
      this.attempt.abort();
      void this.explain();
    }
  }

  /** Says how far the session is while its stream waits for it. */
  private async watch(attempt: AbortSignal): Promise<void> {
    while (!attempt.aborted) {
      await pause(interval, attempt);
      if (attempt.aborted) {
        return;
      }
      // A look that fails is not the end: the stream is what counts, and says so when it ends.
      const session = await this.app.api.session(this.id, attempt).catch(() => undefined);
      if (session !== undefined && !attempt.aborted) {
        this.learn(session);
        this.await();
      }
    }
  }

  private await(): void {
    const starts = this.session?.state === 'pending' || this.session?.state === 'starting';
    this.overlay.wait(starts ? 'Starting the desktop…' : 'Connecting…');
  }

  /** A browser is not told why a socket closed, so the session is asked. */
  private async explain(): Promise<void> {
    try {
      this.learn(await this.app.api.session(this.id, this.left));
    } catch (thrown) {
      this.unreachable(thrown);
      return;
    }
    const session = this.session!;
    if (ended(session) || session.state === 'terminating') {
      this.over(session);
    } else if (session.state === 'running') {
      this.lost('Disconnected', 'The connection to the desktop was lost. The session still runs.');
    } else {
      this.lost('Not ready yet', 'The desktop takes longer to start than expected.');
    }
  }

  private over(session: Session): void {
    const reason = because(session);
    const heading = session.state === 'failed' ? 'The session failed' : 'The session has ended';
    this.overlay.show(heading, reason === '' ? '' : `Reason: ${reason}.`, [this.toList('primary')]);
  }

  private lost(heading: string, text: string): void {
    const again = h('button', { class: 'primary', type: 'button', click: () => void this.connect() }, 'Reconnect');
    this.overlay.show(heading, text, [again, this.toList('quiet')]);
    again.focus();
  }

  private unreachable(thrown: unknown): void {
    if (this.left.aborted) {
      return;
    }
    if (thrown instanceof Failure && (thrown.status === 403 || thrown.status === 404)) {
      this.overlay.show('This desktop cannot be opened', sentence(thrown), [this.toList('primary')]);
    } else {
      this.lost('Disconnected', sentence(thrown));
    }
  }

  private toList(rank: 'primary' | 'quiet'): HTMLElement {
    return h('button', { class: rank, type: 'button', click: () => this.app.home() }, 'Back to desktops');
  }

  private terminate(): HTMLElement {
    return confirmed({
      label: 'Terminate',
      about: 'this session',
      question: 'Unsaved work is lost.',
      yes: 'Terminate',
      no: 'Keep',
      act: async () => {
        this.problem.textContent = '';
        try {
          await this.app.api.deleteSession(this.id);
          this.app.home();
        } catch (thrown) {
          this.problem.textContent = sentence(thrown);
        }
      },
    });
  }

  /** Gives the keyboard back to the page. */
  private release(): void {
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
    this.back.focus();
  }

  private leave(): void {
    const rfb = this.rfb;
    this.rfb = undefined; // its end is wanted, and needs no explanation
    rfb?.disconnect();
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
  }
}
