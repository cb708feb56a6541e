// The desktops that ended a short while ago, with the reason, so that one that is gone from the list is not just gone.
import { ago } from './ago';
import { sentence, type Session } from './api';
import type { App } from './app';
import { h, icon } from './dom';
import { launch } from './launch';
import { section } from './layout';
import { badge, because, ended, neverStarted } from './states';

/** How long an ended session is shown, in milliseconds. */
const shownFor = 3_600_000;

/** How many ended sessions are shown. */
const most = 5;

/** Makes the section. It is hidden while there is nothing to show, and looks again when `active` loses a session. */
export function endedSessions(app: App, active: HTMLElement, left: AbortSignal): HTMLElement {
  const items = h('ul', { class: 'rows' });
  const element = section('ended', 'Recently ended', items);
  element.hidden = true;

  async function load(): Promise<void> {
    // Without the list there is none: it is no reason to trouble anyone.
    const sessions = await app.api.newestSessions(left).catch(() => []);
    if (left.aborted) {
      return;
    }
    const since = Date.now() - shownFor;
    const recent = sessions.filter((s) => ended(s) && s.ended_at !== undefined && Date.parse(s.ended_at) > since);
    items.replaceChildren(...recent.slice(0, most).map((s) => row(app, s)));
    element.hidden = recent.length === 0;
  }

  active.addEventListener('ended', () => void load());
  void load();
  return element;
}

function row(app: App, session: Session): HTMLElement {
  const own = session.owner_id === app.me.user.id;
  const problem = h('p', { class: 'problem small', role: 'alert', hidden: true });
  const parts = [
    `ended ${ago(session.ended_at!)}`,
    own ? '' : `of ${session.owner_name ?? 'another member'}`,
    because(session),
  ].filter((part) => part !== '').join(' · ');
  const text = parts.charAt(0).toUpperCase() + parts.slice(1);
  const label = neverStarted(session) ? 'Try again' : 'Launch again';
  const again = h('button', { class: 'quiet', type: 'button', click: () => void start() }, label);
  again.setAttribute('aria-label', `${label}: ${session.name}`);

  async function start(): Promise<void> {
    problem.hidden = true;
    try {
      await launch(app, { template: session.template.id, name: session.name });
    } catch (thrown) {
      problem.textContent = sentence(thrown);
      problem.hidden = false;
    }
  }

  return h(
    'li',
    { class: 'row ended' },
    h('div', { class: 'tile small' }, icon(session.template.name === 'terminal' ? 'terminal' : 'screen')),
    h('div', { class: 'row-text' }, h('strong', {}, session.name), h('span', { class: 'muted small' }, text)),
    badge(session.state),
    h('div', { class: 'actions' }, own && app.me.role !== 'viewer' ? again : undefined),
    problem,
  );
}
