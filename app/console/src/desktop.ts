// One session's desktop, filling the window.
import { Failure, sentence, type Session } from './api';
import type { App, View } from './app';
import { title } from './brand';
import { Clipboard } from './clipboard';
import { confirmed } from './confirm';
import { Connection, type Desk, type Trouble } from './connection';
import { announce, h, icon } from './dom';
import { whoEnded } from './endings';
import { history } from './history';
import { keyboardExit } from './keyboard';
import { launch } from './launch';
import { Overlay } from './overlay';
import { badge, ended, neverStarted, silentHost, waiting } from './states';
import type { Stream } from './stream';
import { Typing } from './typing';

/** Shows a session's desktop. `known` is the session when the page has just received it, which saves a request. */
export function desktop(app: App, id: string, known?: Session): View {
  return (root, left) => {
    const shown = new Desktop(app, id, left);
    root.append(shown.element);
    void shown.begin(known);
  };
}

class Desktop implements Desk {
  readonly element: HTMLElement;
  private readonly name = h('h1', { class: 'bar-title' }, 'Desktop');
  private readonly owner = h('span', { class: 'bar-owner' });
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
  readonly screen = h('div', { class: 'screen' });
  private readonly overlay = new Overlay();
  private readonly stage = h('div', { class: 'stage' }, this.screen, this.overlay.element);
  private readonly clipboard = new Clipboard(this.stage);
  private readonly typing = new Typing(this.screen);
  private session: Session | undefined;
  private stream: Stream | undefined;
  /** Who ended the session, or why it ended, once that is known. */
  private ender = '';
  /** The state in which the page has asked for it. */
  private explained = '';

  constructor(private readonly app: App, private readonly id: string, private readonly left: AbortSignal) {
    this.full = h(
      'button',
      { class: 'quiet', type: 'button', click: () => void this.fill() },
      icon('expand'),
      h('span', { class: 'bar-label' }, 'Full screen'),
    );
    this.element = h('div', { class: 'desktop' }, this.bar(), h('main', { class: 'stage-box' }, this.stage));
    this.stage.append(this.typing.field, this.clipboard.panel);
    keyboardExit(this.stage, () => this.release());
    left.addEventListener('abort', () => this.leave(), { once: true });
  }

  /** Connects, and again each time the connection is lost. */
  async begin(known?: Session): Promise<void> {
    this.overlay.wait('Connecting…');
    this.overlay.more.replaceChildren(history(this.app, this.id, this.left));
    await new Connection(this.app.api, this.id, this, this.left).keep(known);
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
      this.owner,
      this.state,
      h('span', { class: 'bar-hint' }, hint),
      h('div', { class: 'actions' }, this.problem, this.clipboard.button, this.full, this.end),
    );
  }

  /** Shows the state. A session that runs may be out of reach, which the page must not call running. */
  private draw(): void {
    const there = this.stream !== undefined;
    const state = this.session?.state;
    this.full.hidden = this.clipboard.button.hidden = !there;
    if (state === undefined) {
      this.state.replaceChildren();
    } else if (state === 'running' && !there) {
      this.state.replaceChildren(h('span', { class: 'badge pending' }, 'Not connected'));
    } else {
      this.state.replaceChildren(badge(state));
    }
  }

  /** Makes the desktop fill the screen and take the keyboard. If the browser refuses, nothing changes. */
  private async fill(): Promise<void> {
    await this.stage.requestFullscreen().catch(() => undefined);
    this.typing.focus();
  }

  learn(session: Session): void {
    this.session = session;
    this.name.textContent = session.name;
    this.owner.textContent = session.owner_id === this.app.me.user.id ? '' : `of ${session.owner_name ?? 'another member'}`;
    title(session.name);
    this.draw();
    if (ended(session) || session.state === 'terminating' || this.app.me.role === 'viewer') {
      this.end.replaceChildren();
    } else if (this.end.childElementCount === 0) {
      this.end.append(this.terminate());
    }
  }

  connected(stream: Stream): void {
    this.stream = stream;
    this.clipboard.connect(stream);
    this.typing.connect(stream);
    this.learn({ ...this.session!, state: 'running' }); // only a running desktop accepts a connection
    const { activeElement } = document;
    const elsewhere = this.element.contains(activeElement) && !this.overlay.element.contains(activeElement);
    this.overlay.hide();
    announce(`${this.session!.name} is connected.`);
    if (!elsewhere) { // a user who is at a button stays there
      this.typing.focus();
    }
  }

  connecting(): void {
    if (this.session?.host_silent_since !== undefined) {
      this.overlay.wait(silentHost.heading, silentHost.text, [this.toList('quiet')]);
      return;
    }
    const starts = this.session?.state === 'pending' || this.session?.state === 'starting';
    const waits = this.session === undefined ? '' : waiting(this.session);
    const said = waits === '' ? '' : `Your desktop ${waits}. It starts by itself.`;
    this.overlay.wait(said || (starts ? 'Starting the desktop…' : 'Connecting…'));
  }

  lost({ heading, text }: Trouble, retry: () => void): void {
    this.disconnect();
    const now = h('button', { class: 'quiet', type: 'button', click: retry }, 'Try now');
    this.overlay.wait(heading, text, [now, this.toList('quiet')]);
  }

  ending(session: Session): void {
    this.disconnect();
    const wait = (who: string): void => {
      const text = `${who} Its programs are being stopped. If its computer does not respond, that takes five minutes.`;
      this.overlay.wait('The desktop is ending…', text.trim(), [this.toList('quiet')]);
    };
    wait(this.ender);
    void this.explain(session, wait);
  }

  over(session: Session): void {
    this.disconnect();
    const failed = neverStarted(session) ? 'The desktop could not be started' : 'The desktop has failed';
    const heading = session.state === 'failed' ? failed : 'The desktop has ended';
    const again = session.owner_id === this.app.me.user.id && this.app.me.role !== 'viewer';
    const actions = again ? [this.again(session), this.toList('quiet')] : [this.toList('primary')];
    this.overlay.show(heading, this.ender, actions);
    void this.explain(session, (who) => this.overlay.show(heading, who, actions));
    if (session.detail !== undefined) {
      this.overlay.more.prepend(h('pre', { class: 'output', tabindex: '0', 'aria-label': 'Last output' }, session.detail));
    }
  }

  /** Says who ended the session, once that is known. */
  private async explain(session: Session, say: (who: string) => void): Promise<void> {
    if (this.explained !== session.state && this.ender === '') {
      this.explained = session.state;
      this.ender = await whoEnded(this.app, session, this.left);
      if (this.ender !== '' && this.session?.state === session.state && !this.left.aborted) {
        say(this.ender);
      }
    }
  }

  /** Offers a new desktop like the one that has ended. */
  private again(session: Session): HTMLElement {
    const button = h('button', { class: 'primary', type: 'button' }, neverStarted(session) ? 'Try again' : 'Launch again');
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

  refused(why: Failure): void {
    this.disconnect();
    this.overlay.show('This desktop cannot be opened', sentence(why), [this.toList('primary')]);
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

  /** There is no picture any more, so nothing may look as if there were. */
  private disconnect(): void {
    this.stream = undefined;
    this.clipboard.disconnect();
    this.typing.disconnect();
    this.draw();
  }

  private leave(): void {
    if (document.fullscreenElement) {
      void document.exitFullscreen();
    }
  }
}
