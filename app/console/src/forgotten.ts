// The form that asks for a link to a new password, at /forgotten. The answer is the same for every address.
import type { Client } from './api';
import type { View } from './app';
import { title } from './brand';
import { h } from './dom';
import { card, entry, toSignIn } from './entry';
import { field } from './field';

/** Shows the form, and what to do next. */
export function forgotten(api: Client): View {
  return (root) => {
    title('Forgotten password');
    const email = h('input', {
      id: 'email', type: 'email', autocomplete: 'username', required: true, maxlength: '254', spellcheck: 'false',
    });
    root.append(card(entry({
      heading: 'Forgotten password',
      parts: [field('Email', email, 'We send a link to a new password to this address, if it is yours.')],
      submit: ['Send the link', 'Sending…'],
      after: toSignIn(),
      send: async () => {
        await api.forgetPassword(email.value.trim());
        root.replaceChildren(card(sent()));
      },
    })));
    email.focus();
  };
}

function sent(): HTMLElement {
  return h(
    'div', { class: 'stack' },
    h('h1', {}, 'Look into your mailbox'),
    h('p', { role: 'status' }, 'If the address is known to be yours, a link is on its way. It works once, for an hour.'),
    h('p', { class: 'muted' }, 'If no mail arrives, ask whoever operates this installation for a new password.'),
    toSignIn(),
  );
}
