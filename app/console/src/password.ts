// The form that changes the user's password.
import { Failure, sentence } from './api';
import type { App } from './app';
import { h } from './dom';
import { field } from './field';

/** Makes the form. `changed` is called after a change, when all other sign-ins have ended. */
export function passwordForm(app: App, changed: () => void): HTMLElement {
  const present = h('input', {
    id: 'current-password', type: 'password', autocomplete: 'current-password', required: true, maxlength: '1024',
  });
  const next = h('input', {
    id: 'new-password', type: 'password', autocomplete: 'new-password', required: true, maxlength: '1024',
  });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const done = h('p', { class: 'note', role: 'status' });
  const submit = h('button', { class: 'primary', type: 'submit' }, 'Change password');
  problem.hidden = done.hidden = true;

  function say(where: HTMLElement, text: string): void {
    problem.hidden = done.hidden = true;
    where.textContent = text;
    where.hidden = text === '';
  }

  async function send(): Promise<void> {
    submit.disabled = true;
    say(problem, '');
    try {
      await app.api.changePassword({ current_password: present.value, new_password: next.value });
      present.value = next.value = '';
      say(done, 'Your password has changed. You are signed out everywhere else.');
      changed();
    } catch (thrown) {
      say(problem, sentence(thrown));
      if (thrown instanceof Failure && thrown.code === 'wrong_password') {
        present.select();
      }
    } finally {
      submit.disabled = false;
    }
  }

  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); void send(); } },
    // Password managers look for the account that a new password belongs to.
    h('input', { type: 'text', autocomplete: 'username', value: app.me.user.email, hidden: true, readonly: true }),
    field('Present password', present),
    field('New password', next, 'You stay signed in here, and are signed out everywhere else.'),
    problem,
    done,
    h('div', { class: 'actions' }, submit),
  );
}
