// API keys: credentials of programs that act for the user.
import { ago } from './ago';
import { type Key, type NewKey, type Scope, sentence } from './api';
import type { App } from './app';
import { confirmed } from './confirm';
import { h, icon } from './dom';
import { field } from './field';
import { Loaded } from './loaded';

/** What a key may do, in words. */
const scopes: Record<Scope, string> = {
  'self.read': 'See who you are',
  'template.read': 'See templates',
  'template.manage': 'Create, change and delete templates',
  'template.publish': 'Ask for a template to be published',
  'session.read': 'See desktops',
  'session.create': 'Launch desktops',
  'session.connect': 'Open desktops',
  'session.terminate': 'End desktops',
  'session.update': 'Rename desktops',
  'session.take_over': 'Take over desktops of former members',
  'member.read': 'See members',
  'member.manage': 'Change and remove members',
  'quota.read': 'See quotas',
  'quota.manage': 'Change limits of desktops',
  'agent.read': 'See hosts',
  'audit.read': 'See the audit log',
  'audit.export': 'Export the audit log',
  'audit.verify': 'Check that the audit log was not changed',
  'event.read': 'Follow what happens',
  'settings.read': 'See the settings',
  'settings.manage': 'Change the settings',
  'invitation.manage': 'Invite people',
};

const lifetimes = [7, 30, 90, 365];
const usualLifetime = 90;

/** Makes the form and the list of the user's own keys. */
export function ownKeys(app: App, left: AbortSignal): HTMLElement {
  const shown = h('div', { class: 'note', role: 'status', hidden: true });
  const list = keyList(app, left, false, (k) => confirmed({
    label: 'Replace',
    about: k.name,
    question: 'The present key goes on for a day.',
    yes: 'Replace',
    no: 'Keep',
    act: () => list.act(async () => show(shown, await app.api.rotateKey(k.id)), `${k.name} has a new key.`),
  }));
  const form = keyForm(app, (made) => { show(shown, made); void list.load(); });
  const read = h('p', { class: 'muted small' }, 'What a key can be used for is on the ', h('a', { href: '/api/docs' }, 'API page'), '.');
  return h('div', { class: 'stack' }, shown, list.element, form, read);
}

/** Makes the list of keys of the whole organisation, for admins. */
export function everyonesKeys(app: App, left: AbortSignal): HTMLElement {
  return keyList(app, left, true).element;
}

function keyList(app: App, left: AbortSignal, everyone: boolean, replace?: (k: Key) => HTMLElement): Loaded<Key> {
  const list = new Loaded<Key>({
    what: 'API keys',
    load: (signal) => app.api.keys(everyone, signal),
    draw: (all) => [all.length === 0
      ? h('p', { class: 'empty' }, everyone ? 'No one has an API key.' : 'You have no API key.')
      : h('ul', { class: 'rows' }, ...all.map((k) => row(k, everyone, replace?.(k), revoke(k))))],
  }, left);

  function revoke(k: Key): HTMLElement {
    const whose = everyone ? `${k.name} of ${k.owner_name}` : k.name;
    return confirmed({
      label: 'Revoke',
      about: whose,
      question: 'Programs that use it stop at once.',
      yes: 'Revoke',
      no: 'Keep',
      act: () => list.act(() => app.api.revokeKey(k.id), `The key ${whose} is revoked.`),
    });
  }

  return list;
}

function row(k: Key, everyone: boolean, ...actions: (HTMLElement | undefined)[]): HTMLElement {
  const facts = [
    everyone ? k.owner_name : undefined,
    k.used_at === undefined ? 'never used' : `last used ${ago(k.used_at)}`,
    `ends ${new Date(k.ends_at).toLocaleDateString()}`,
  ];
  const may = k.scopes.map((s) => scopes[s as Scope] ?? s).join(', ');
  return h(
    'li',
    { class: 'row' },
    h('div', { class: 'tile small' }, icon('key')),
    h(
      'div',
      { class: 'row-text' },
      h('strong', { title: may }, k.name),
      h('span', { class: 'muted small', title: may }, facts.filter((f) => f !== undefined).join(' · ')),
    ),
    h('span', { class: 'tag' }, k.scopes.length === 1 ? '1 scope' : `${k.scopes.length} scopes`),
    h('div', { class: 'actions' }, ...actions),
  );
}

function keyForm(app: App, made: (key: NewKey) => void): HTMLElement {
  const name = h('input', { id: 'key-name', type: 'text', required: true, maxlength: '80', autocomplete: 'off' });
  const days = h('select', { id: 'key-days' }, ...lifetimes.map((n) => (
    h('option', { value: String(n), selected: n === usualLifetime }, `${n} days`)
  )));
  const boxes = Object.entries(scopes).map(([scope, label]) => {
    const box = h('input', { type: 'checkbox', value: scope, checked: scope === 'self.read' });
    return { box, label: h('label', { class: 'check' }, box, label) };
  });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'primary', type: 'submit' }, 'Create key');

  function say(text: string): void {
    problem.textContent = text;
    problem.hidden = text === '';
  }

  async function send(): Promise<void> {
    const chosen = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value as Scope);
    if (chosen.length === 0) {
      say('Choose what the key may do.');
      return;
    }
    say('');
    submit.disabled = true;
    try {
      made(await app.api.createKey({ name: name.value, scopes: chosen, expires_in_days: Number(days.value) }));
      name.value = '';
    } catch (thrown) {
      say(sentence(thrown));
    } finally {
      submit.disabled = false;
    }
  }

  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); void send(); } },
    field('Name', name, 'What uses the key, such as a build server.'),
    field('Lasts', days),
    h(
      'fieldset',
      { class: 'checks' },
      h('legend', {}, 'It may, as far as your role allows'),
      ...boxes.map(({ label }) => label),
    ),
    problem,
    h('div', { class: 'actions' }, submit),
  );
}

/** Shows the token of a new key, this once. */
function show(where: HTMLElement, made: NewKey): void {
  const token = h('input', { type: 'text', readonly: true, value: made.token ?? '', 'aria-label': `Token of ${made.name}` });
  token.addEventListener('focus', () => token.select());
  where.replaceChildren(
    h('p', {}, `Copy the key ${made.name} now. It is not shown again.`),
    h('div', { class: 'field' }, token),
  );
  where.hidden = false;
}
