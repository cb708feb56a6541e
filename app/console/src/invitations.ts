// Inviting people, and the invitations that have not been accepted yet.
import { type Invitation, type Role, sentence } from './api';
import type { App } from './app';
import { confirmed } from './confirm';
import { h, icon } from './dom';
import { field } from './field';
import { Loaded } from './loaded';
import { roleChoice, roles } from './roles';

/** Makes the form and the list. */
export function invitationList(app: App, left: AbortSignal): { form: HTMLElement; element: HTMLElement } {
  const list = new Loaded<Invitation>({
    what: 'invitations',
    load: (signal) => app.api.invitations(signal),
    draw: (all) => [all.length === 0
      ? h('p', { class: 'empty' }, 'No invitation is open.')
      : h('ul', { class: 'rows' }, ...all.map((i) => row(i, revoke(i))))],
  }, left);

  function revoke(i: Invitation): HTMLElement {
    return confirmed({
      label: 'Revoke',
      about: `the invitation of ${i.email}`,
      question: 'Its link ends at once.',
      yes: 'Revoke',
      no: 'Keep',
      act: () => list.act(() => app.api.revokeInvitation(i.id), `The invitation of ${i.email} is revoked.`),
    });
  }

  return { form: form(app, () => void list.load()), element: list.element };
}

function row(i: Invitation, revoke: HTMLElement): HTMLElement {
  return h(
    'li',
    { class: 'row' },
    h('div', { class: 'tile small' }, icon('mail')),
    h(
      'div',
      { class: 'row-text' },
      h('strong', {}, i.email),
      h('span', { class: 'muted small' }, `Open until ${new Date(i.ends_at).toLocaleString()}`),
    ),
    h('span', { class: 'tag' }, i.role),
    h('div', { class: 'actions' }, revoke),
  );
}

function form(app: App, invited: () => void): HTMLElement {
  const email = h('input', {
    id: 'invite-email', type: 'email', required: true, minlength: '3', maxlength: '254', autocomplete: 'off',
  });
  const role = roleChoice(app, 'member', { id: 'invite-role' });
  const hint = h('p', { class: 'muted small' }, roles.member);
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const done = h('div', { class: 'note', role: 'status', hidden: true });
  const submit = h('button', { class: 'primary', type: 'submit' }, 'Invite');
  role.addEventListener('change', () => { hint.textContent = roles[role.value as Role]; });

  async function send(): Promise<void> {
    submit.disabled = true;
    problem.hidden = done.hidden = true;
    try {
      const made = await app.api.invite({ email: email.value, role: role.value as Role });
      done.replaceChildren(...told(made));
      done.hidden = false;
      email.value = '';
    } catch (thrown) {
      problem.textContent = sentence(thrown);
      problem.hidden = false;
    } finally {
      submit.disabled = false;
      invited(); // also after an error: an invitation whose mail was not sent is open
    }
  }

  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); void send(); } },
    field('Email', email),
    field('Role', role),
    hint,
    problem,
    done,
    h('div', { class: 'actions' }, submit),
  );
}

/** Says that the mail is on its way, or shows the link when there is no mail. */
function told(made: Invitation): Node[] {
  if (made.link === undefined) {
    return [h('p', {}, `A link was sent to ${made.email}. It works once, for seven days.`)];
  }
  const link = h('input', { type: 'text', readonly: true, value: made.link, 'aria-label': 'Link of the invitation' });
  link.addEventListener('focus', () => link.select());
  return [
    h('p', {}, `Give this link to ${made.email}, and to no one else. It works once, for seven days, and is not shown again.`),
    h('div', { class: 'field' }, link),
  ];
}
