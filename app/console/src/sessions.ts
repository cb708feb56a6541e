// The list of sessions that have not ended, kept up to date while it is on screen.
import { ago } from './ago';
import { sentence, type Session } from './api';
import type { App } from './app';
import { confirmed } from './confirm';
import { announce, h, icon } from './dom';
import { follow } from './live';
import { Owners } from './owners';
import { badge, because, ended, reachable, waiting, word } from './states';
import { pause, visible } from './wait';

/** How long changes are collected before the list is read again, in milliseconds. */
const collect = 100;
/** How often "started 5 minutes ago" is written anew, in milliseconds. */
const interval = 15_000;
/** The list shows sessions, and the names of their owners. */
const shown = 'session,sign_in,member';

/** Makes a list that loads the sessions and shows their changes until the user leaves the view. */
export function sessionList(app: App, left: AbortSignal): HTMLElement {
  const list = new List(app, left);
  list.follow();
  return list.element;
}

class List {
  readonly element = h('div', { class: 'stack', tabindex: '-1' });
  private readonly rows = new Map<string, Row>();
  private readonly owners: Owners;
  private readonly items = h('ul', { class: 'rows' });
  private readonly empty = h('p', { class: 'empty' });
  private readonly problem = h('p', { class: 'problem', role: 'alert' });
  private busy = false; // the list is being read
  private due = false; // it has to be read once more
  private offline = false; // changes do not arrive
  private readonly loading = h('p', { class: 'empty', role: 'status' }, 'Loading…');

  constructor(private readonly app: App, private readonly left: AbortSignal) {
    this.owners = new Owners(app);
    const viewer = app.me.role === 'viewer';
    this.empty.textContent = viewer ? 'No desktop is running.' : 'No desktop is running. Launch one below.';
    this.element.append(this.loading);
  }

  follow(): void {
    void this.refresh();
    void follow(shown, {
      changed: () => {
        this.offline = false;
        void this.refresh();
      },
      lost: () => {
        this.offline = true;
        void this.refresh();
      },
    }, this.left);
    void this.keepTime();
  }

  /** Reads the list. A change meanwhile makes it read the list once more. */
  private async refresh(): Promise<void> {
    this.due = true;
    if (this.busy) {
      return;
    }
    this.busy = true;
    while (this.due && !this.left.aborted) {
      await visible(this.left);
      this.due = false;
      await this.look();
      await pause(collect, this.left);
    }
    this.busy = false;
  }

  private async keepTime(): Promise<void> {
    while (!this.left.aborted) {
      await pause(interval, this.left);
      this.rows.forEach((row) => row.draw());
    }
  }

  private async look(): Promise<void> {
    try {
      const [sessions] = await Promise.all([this.app.api.activeSessions(this.left), this.owners.refresh(this.left)]);
      this.show(sessions);
      if (this.offline) {
        this.trouble('The connection was lost. Connecting again…');
      }
    } catch (thrown) {
      if (!this.left.aborted) {
        this.trouble(sentence(thrown));
      }
    }
  }

  /** Shows a problem above the list. The list stays: outdated entries are more useful than none. */
  private trouble(why: string): void {
    const text = `The list may be out of date. ${why}`;
    this.loading.remove();
    if (this.problem.textContent !== text) { // a screen reader reads an alert out each time it is set
      this.problem.textContent = text;
    }
    this.element.prepend(this.problem);
  }

  private show(sessions: Session[]): void {
    const ids = new Set(sessions.map((s) => s.id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) {
        this.remove(id, row);
      }
    }
    sessions.forEach((session, place) => this.place(session, place));
    if (!this.offline) {
      this.problem.textContent = '';
    }
    this.settle();
  }

  private place(session: Session, place: number): void {
    let row = this.rows.get(session.id);
    if (row === undefined) {
      row = new Row(this.app, this.owners, session, (s) => this.changed(s));
      this.rows.set(session.id, row);
    } else {
      row.update(session);
    }
    // Moving an element removes the focus from it, so an element in the right place is not moved.
    if (this.items.children[place] !== row.element) {
      this.items.insertBefore(row.element, this.items.children[place] ?? null);
    }
  }

  private changed(session: Session): void {
    const row = this.rows.get(session.id);
    if (row && ended(session)) {
      this.remove(session.id, row);
      this.settle();
    } else {
      row?.update(session);
    }
  }

  private remove(id: string, row: Row): void {
    announce(`${row.name} has ended.`);
    const focused = row.element.contains(document.activeElement);
    row.element.remove();
    if (focused) { // otherwise the Tab key would start at the top of the page
      this.element.focus();
    }
    this.rows.delete(id);
    this.element.dispatchEvent(new Event('ended')); // the list of ended sessions has one more
  }

  private settle(): void {
    const content = this.rows.size === 0 ? this.empty : this.items;
    if (this.element.firstChild !== content || this.element.childNodes.length > 1) {
      this.element.replaceChildren(content);
    }
  }
}

/** Row shows one session. It is updated in place, so that an open confirmation stays open. */
class Row {
  readonly element = h('li', { class: 'row', tabindex: '-1' });
  private readonly state = h('span');
  private readonly detail = h('span', { class: 'muted small' });
  private readonly problem = h('p', { class: 'problem small', role: 'alert' });
  private readonly actions = h('div', { class: 'actions' });

  /** What the buttons were made for; they are made again when it changes. */
  private made = '';

  constructor(
    private readonly app: App,
    private readonly owners: Owners,
    private session: Session,
    private readonly changed: (s: Session) => void,
  ) {
    this.problem.hidden = true;
    this.element.append(
      h('div', { class: 'tile small' }, icon(session.template.name === 'terminal' ? 'terminal' : 'screen')),
      h('div', { class: 'row-text' }, h('strong', {}, session.name), this.detail),
      this.state,
      this.actions,
      this.problem,
    );
    this.draw();
  }

  get name(): string {
    return this.session.name;
  }

  update(session: Session): void {
    const before = this.session;
    this.session = session;
    this.draw();
    if (before.state !== session.state) {
      announce(`${session.name}: ${word(session.state)}.`);
    }
  }

  /** Shows the session as it is, and how long ago it began. */
  draw(): void {
    const { session } = this;
    const reason = because(session);
    const parts = [
      session.template.title === session.name ? '' : session.template.title,
      `started ${ago(session.created_at)}`,
      this.owners.name(session.owner_id),
      reason,
      waiting(session),
    ].filter((part) => part !== '').join(' · ');
    this.detail.textContent = parts.charAt(0).toUpperCase() + parts.slice(1);
    this.detail.title = new Date(session.created_at).toLocaleString();
    this.state.replaceChildren(badge(session.state));
    const left = this.owners.hasLeft(session.owner_id);
    const made = `${reachable(session)} ${left}`;
    if (this.made !== made) { // a button that stays keeps the focus, and an open question
      this.made = made;
      const focused = this.actions.contains(document.activeElement);
      this.act(left);
      if (focused) { // the button that had it is gone
        this.element.focus();
      }
    }
  }

  private act(left: boolean): void {
    const { session, app } = this;
    if (!reachable(session)) {
      this.actions.replaceChildren();
      return;
    }
    const open = h('button', { class: 'primary', type: 'button', click: () => app.open(this.session) }, 'Open');
    open.setAttribute('aria-label', `Open ${session.name}`);
    this.actions.replaceChildren(open);
    if (app.me.role !== 'viewer') {
      this.actions.prepend(confirmed({
        label: 'Terminate',
        about: session.name,
        question: 'Unsaved work is lost.',
        yes: 'Terminate',
        no: 'Keep',
        act: () => this.ask(this.app.api.deleteSession(this.session.id)),
      }));
    }
    if (left) {
      const take = () => void this.ask(app.api.takeOver(this.session.id));
      const button = h('button', { class: 'quiet', type: 'button', click: take }, 'Take over');
      button.setAttribute('aria-label', `Take over ${session.name}`);
      this.actions.prepend(button);
    }
  }

  private async ask(answer: Promise<Session>): Promise<void> {
    this.problem.hidden = true;
    try {
      this.changed(await answer);
    } catch (thrown) {
      this.problem.textContent = sentence(thrown);
      this.problem.hidden = false;
    }
  }
}
