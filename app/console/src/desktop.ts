// One session's desktop, filling the window.
import { Failure, sentence, type Session } from './api';
import type { App, View } from './app';
import { title } from './brand';
import { confirmed } from './confirm';
import { announce, h, icon } from './dom';
import { history } from './history';
import { keyboardExit } from './keyboard';
import { launch } from './launch';
import { Overlay } from './overlay';
import { badge, because, ended, waiting } from './states';
import { pause } from './wait';
import type RFB from '@novnc/novnc';

/** How often the page asks for the state of a session that is starting, in milliseconds. */
const interval = 1000;

/** Loads noVNC in advance, so that opening a desktop does not wait for the download. */
export function preload(): Promise<typeof import('@novnc/novnc')> {
  return import('@novnc/novnc');
}

/** Shows a session's desktop. `known` is the session when the page has just received it, which saves a request. */
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
  /** Is aborted when the current attempt to connect ends. */
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

  /** Loads the session, unless it is known, and connects. */
  async begin(known?: Session): Promise<void> {
    this.overlay.wait('Connecting…');
    this.overlay.more.replaceChildren(history(this.app, this.id, this.left));
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
    const hint = 'Press Ctrl + Alt + Shift to leave the desktop with the keyboard';
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

  /** Makes the desktop fill the screen and take the keyboard. If the browser refuses, nothing changes. */
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

  /** Makes one attempt with a new ticket. A ticket opens one stream, once. */
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
      if (thrown instanceof Failure && thrown.status === 409) { // the session has ended in the meantime
        await this.explain();
      } else {
        this.unreachable(thrown);
      }
    }
  }

  /** Opens the stream. The ticket is sent as a subprotocol, because a URL would be kept in logs and in the history. */
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
    this.learn({ ...this.session!, state: 'running' }); // only a running desktop accepts a connection
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

  /** Updates the state on the page while the stream waits for the desktop to start. */
  private async watch(attempt: AbortSignal): Promise<void> {
    while (!attempt.aborted) {
      await pause(interval, attempt);
      if (attempt.aborted) {
        return;
      }
      // A failed request is ignored: only the stream decides whether the attempt has failed.
      const session = await this.app.api.session(this.id, attempt).catch(() => undefined);
      if (session !== undefined && !attempt.aborted) {
        this.learn(session);
        this.await();
      }
    }
  }

  private await(): void {
    const starts = this.session?.state === 'pending' || this.session?.state === 'starting';
    const waits = this.session === undefined ? '' : waiting(this.session);
    const said = waits === '' ? '' : `Your desktop ${waits}. It starts by itself.`;
    this.overlay.wait(said || (starts ? 'Starting the desktop…' : 'Connecting…'));
  }

  /** Shows why the stream ended. noVNC does not pass on the close code, so the page asks for the session's state. */
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
    } else if (waiting(session) !== '') { // the stream has waited for as long as one request may
      await pause(interval, this.left);
      if (!this.left.aborted) {
        await this.connect();
      }
    } else if (session.state === 'running') {
      this.lost('Disconnected', 'The connection to the desktop was lost. The desktop still runs. You can reconnect.');
    } else {
      this.lost('Not ready yet', 'The desktop takes longer to start than expected. Try again in a few seconds.');
    }
  }

  private over(session: Session): void {
    const reason = because(session);
    const heading = session.state === 'failed' ? 'The desktop has failed' : 'The desktop has ended';
    const again = ended(session) && session.owner_id === this.app.me.user.id && this.app.me.role !== 'viewer';
    const actions = again ? [this.again(session), this.toList('quiet')] : [this.toList('primary')];
    this.overlay.show(heading, reason === '' ? '' : `Reason: ${reason}.`, actions);
    if (session.detail !== undefined) {
      this.overlay.more.prepend(h('pre', { class: 'output', 'aria-label': 'Last output' }, session.detail));
    }
  }

  /** Offers a new desktop like the one that has ended. */
  private again(session: Session): HTMLElement {
    const button = h('button', { class: 'primary', type: 'button' }, 'Launch again');
    button.addEventListener('click', () => void run());
    const run = async (): Promise<void> => {
      button.disabled = true;
      this.problem.textContent = '';
      try {
        await launch(this.app, { template: session.template.id, name: session.name });
      } catch (thrown) {
        this.problem.textContent = sentence(thrown);
        button.disabled = false;
      }
    };
    return button;
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
      about: 'this desktop',
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

  /** Returns the keyboard to the page. */
  private release(): void {
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
    this.back.focus();
  }

  private leave(): void {
    const rfb = this.rfb;
    this.rfb = undefined; // the user left, so disconnected() must not explain anything
    rfb?.disconnect();
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
  }
}
