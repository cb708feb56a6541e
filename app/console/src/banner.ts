// The head of every page: the organisation, who is signed in, and where else they can go.
import { type OwnOrg, sentence } from './api';
import type { App } from './app';
import { wordmark } from './brand';
import { h } from './dom';

/** Makes the head. A member of several organisations can choose another one there. */
export function banner(app: App, left: AbortSignal): HTMLElement {
  const { user, org, role } = app.me;
  const problem = h('span', { class: 'problem inline', role: 'alert' });
  const name = h('strong', { title: `${org.name} (${org.slug})` }, org.name);
  const people = h('button', { class: 'quiet', type: 'button', click: () => app.members() }, 'Members');
  const mine = h('button', { class: 'quiet', type: 'button', click: () => app.access() }, 'My access');
  const out = h('button', { class: 'quiet', type: 'button', click: () => void leave() }, 'Sign out');

  async function leave(): Promise<void> {
    out.disabled = true;
    try {
      await app.signOut();
    } catch (thrown) {
      problem.textContent = sentence(thrown);
      out.disabled = false;
    }
  }

  // Without the list there is the name alone: it is no reason to trouble who does not want to go elsewhere.
  async function offer(): Promise<void> {
    const orgs = await app.api.orgs(left).catch(() => []);
    if (orgs.length > 1 && !left.aborted) {
      name.replaceWith(choice(app, orgs, (why) => { problem.textContent = why; }));
    }
  }

  void offer();
  return h(
    'header',
    { class: 'banner' },
    wordmark(),
    h(
      'div',
      { class: 'account' },
      problem,
      h('div', { class: 'who' }, name, h('span', {}, `${user.email} · ${role}`)),
      people,
      mine,
      out,
    ),
  );
}

/** Makes the choice of an organisation. The present one is chosen. */
function choice(app: App, orgs: OwnOrg[], say: (why: string) => void): HTMLSelectElement {
  const options = orgs.map((o) => h('option', { value: o.slug, selected: o.slug === app.me.org.slug }, o.name));
  const select = h('select', { class: 'org', 'aria-label': 'Organisation', change: () => void go() }, ...options);

  async function go(): Promise<void> {
    select.disabled = true;
    say('');
    try {
      await app.switchTo(select.value);
    } catch (thrown) {
      say(sentence(thrown));
      select.value = app.me.org.slug;
      select.disabled = false;
    }
  }

  return select;
}
