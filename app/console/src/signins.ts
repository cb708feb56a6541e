// The list of the user's own sign-ins, with an end for each and for all others.
import { ago } from './ago';
import type { SignIn } from './api';
import type { App } from './app';
import { browserName } from './browsers';
import { confirmed } from './confirm';
import { h, icon } from './dom';
import { Loaded } from './loaded';

/** Makes the list and loads it. */
export function signInList(app: App, left: AbortSignal): Loaded<SignIn> {
  const list = new Loaded<SignIn>({
    what: 'sign-ins',
    load: (signal) => app.api.signIns(signal),
    draw: (all) => [
      h('ul', { class: 'rows' }, ...all.map((s) => row(s, s.current ? undefined : end(s)))),
      all.every((s) => s.current) ? h('p', { class: 'muted small' }, 'You are signed in nowhere else.') : undefined,
      h('div', { class: 'actions' }, endOthers()),
    ],
  }, left);

  function end(s: SignIn): HTMLElement {
    const about = `${browserName(s.browser)}, ${ago(s.created_at)}`;
    return confirmed({
      label: 'End',
      about,
      question: 'It is signed out at once.',
      yes: 'End',
      no: 'Keep',
      act: () => list.act(() => app.api.endSignIn(s.id), `The sign-in of ${about} has ended.`),
    });
  }

  /** Offered even when the list has no other: there can be some to other organisations. */
  function endOthers(): HTMLElement {
    return confirmed({
      label: 'Sign out everywhere else',
      about: 'in every organisation',
      question: 'In every organisation, except in this browser.',
      yes: 'Sign out',
      no: 'Cancel',
      act: () => list.act(() => app.api.endOtherSignIns(), 'You are signed out everywhere else.'),
    });
  }

  return list;
}

function row(s: SignIn, end?: HTMLElement): HTMLElement {
  const text = [s.address, `signed in ${ago(s.created_at)}`].filter(Boolean).join(' · ');
  const detail = h('span', { class: 'muted small' }, text);
  detail.title = `${new Date(s.created_at).toLocaleString()} to ${new Date(s.ends_at).toLocaleString()}`;
  return h(
    'li',
    { class: 'row' },
    h('div', { class: 'tile small' }, icon('screen')),
    h('div', { class: 'row-text' }, h('strong', { title: s.browser }, browserName(s.browser)), detail),
    s.current ? h('span', { class: 'badge running' }, 'This browser') : h('span'),
    h('div', { class: 'actions' }, end),
  );
}
