// The list of the user's own sign-ins, with an end for each and for all others.
import { ago } from './ago';
import { sentence, type SignIn } from './api';
import type { App } from './app';
import { browserName } from './browsers';
import { confirmed } from './confirm';
import { announce, h, icon } from './dom';

/** Makes the list and loads it. */
export function signInList(app: App, left: AbortSignal): List {
  const list = new List(app, left);
  void list.load();
  return list;
}

class List {
  readonly element = h('div', { class: 'stack', tabindex: '-1' });
  private readonly problem = h('p', { class: 'problem', role: 'alert' });

  constructor(private readonly app: App, private readonly left: AbortSignal) {
    this.element.append(h('p', { class: 'empty', role: 'status' }, 'Loading…'));
  }

  /** Loads the list again. */
  async load(): Promise<void> {
    try {
      this.show(await this.app.api.signIns(this.left));
    } catch (thrown) {
      if (!this.left.aborted) {
        this.unavailable(sentence(thrown));
      }
    }
  }

  private show(all: SignIn[]): void {
    const others = all.filter((s) => !s.current).length;
    this.say('');
    this.element.replaceChildren(
      this.problem,
      h('ul', { class: 'rows' }, ...all.map((s) => this.row(s))),
      others === 0 ? h('p', { class: 'muted small' }, 'You are signed in nowhere else.') : '',
      h('div', { class: 'actions' }, this.endOthers()),
    );
  }

  private row(s: SignIn): HTMLElement {
    const detail = h('span', { class: 'muted small' }, [s.address, `signed in ${ago(s.created_at)}`].filter(Boolean).join(' · '));
    detail.title = `${new Date(s.created_at).toLocaleString()} to ${new Date(s.ends_at).toLocaleString()}`;
    return h(
      'li',
      { class: 'row' },
      h('div', { class: 'tile small' }, icon('screen')),
      h('div', { class: 'row-text' }, h('strong', { title: s.browser }, browserName(s.browser)), detail),
      s.current ? h('span', { class: 'badge running' }, 'This browser') : h('span'),
      h('div', { class: 'actions' }, s.current ? undefined : this.end(s)),
    );
  }

  private end(s: SignIn): HTMLElement {
    const about = `${browserName(s.browser)}, ${ago(s.created_at)}`;
    return confirmed({
      label: 'End',
      about,
      question: 'It is signed out at once.',
      yes: 'End',
      no: 'Keep',
      act: () => this.act(() => this.app.api.endSignIn(s.id), `The sign-in of ${about} has ended.`),
    });
  }

  /** Offered even when the list has no other: there can be some to other organisations. */
  private endOthers(): HTMLElement {
    return confirmed({
      label: 'Sign out everywhere else',
      about: 'in every organisation',
      question: 'In every organisation, except in this browser.',
      yes: 'Sign out',
      no: 'Cancel',
      act: () => this.act(() => this.app.api.endOtherSignIns(), 'You are signed out everywhere else.'),
    });
  }

  private async act(end: () => Promise<void>, done: string): Promise<void> {
    this.say('');
    try {
      await end();
    } catch (thrown) {
      this.say(sentence(thrown));
      return;
    }
    announce(done);
    await this.load();
    this.element.focus(); // the button that had it is gone
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === '';
  }

  private unavailable(why: string): void {
    const retry = h('button', { class: 'quiet', type: 'button', click: () => void this.load() }, 'Try again');
    this.element.replaceChildren(
      h('div', { class: 'empty', role: 'alert' }, h('p', {}, 'The sign-ins could not be loaded. ', why), retry),
    );
  }
}
