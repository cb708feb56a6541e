// The form that sets a new password, at /new-password with the secret of a link.
import type { Client } from './api';
import type { View } from './app';
import { title } from './brand';
import { h } from './dom';
import { card, entry, newPassword, secretOfAddress, toSignIn } from './entry';
import { field } from './field';

interface NewPassword {
  api: Client;
  /** The password is set; every sign-in has ended. */
  done(): void;
}

/** Shows the form. */
export function setNewPassword(start: NewPassword): View {
  return (root) => {
    title('New password');
    const password = newPassword();
    root.append(card(entry({
      heading: 'New password',
      parts: [
        h('p', { class: 'note' }, 'Your other sign-ins end, in every organisation.'),
        field('New password', password),
      ],
      submit: ['Set the password', 'Setting…'],
      after: h('p', {}, h('a', { href: '/forgotten' }, 'Ask for a new link'), ' · ', toSignIn().firstElementChild!),
      send: async () => {
        await start.api.resetPassword({ secret: secretOfAddress(), password: password.value });
        start.done();
      },
    })));
    password.focus();
  };
}
