// An invitation to an organisation, at /invitation with the secret of a link. Someone with an account shows its
// password; anyone else chooses a name and a password.
import { type Client, Failure, type Offer, sentence } from './api';
import type { View } from './app';
import { title } from './brand';
import { h } from './dom';
import { card, entry, newPassword, secretOfAddress, toSignIn } from './entry';
import { field } from './field';

interface Invitation {
  api: Client;
  /** The account is a member, and signed in to the organisation if `why` is undefined. */
  accepted(why?: string): Promise<void>;
}

/** Asks what the invitation is to, and shows the form for it. */
export function invitation(start: Invitation): View {
  return async (root, left) => {
    title('Invitation');
    root.append(card(h('p', { role: 'status' }, 'Loading…')));
    const shown = await start.api.lookAtInvitation(secretOfAddress()).then((offer) => form(start, offer), unusable);
    if (!left.aborted) {
      root.replaceChildren(card(shown));
      root.querySelector('input')?.focus();
    }
  };
}

function form(start: Invitation, offer: Offer): HTMLFormElement {
  const name = h('input', { id: 'name', required: true, maxlength: '80', autocomplete: 'name' });
  const password = newPassword();
  if (offer.has_account) {
    password.autocomplete = 'current-password';
  }
  const role = `${/^[aeiou]/.test(offer.role) ? 'an' : 'a'} ${offer.role}`;
  return entry({
    heading: `Join ${offer.org}`,
    parts: [
      h('p', {}, `You are invited as ${role}, with the address ${offer.email}.`),
      offer.has_account ? undefined : field('Your name', name),
      field('Password', password, offer.has_account ? 'The password of your account.' : 'Choose one for your new account.'),
    ],
    submit: ['Join', 'Joining…'],
    send: async () => {
      await start.api.acceptInvitation({
        secret: secretOfAddress(), email: offer.email, password: password.value,
        ...(offer.has_account ? {} : { name: name.value.trim() }),
      });
      await start.accepted(await signIn(start.api, offer, password.value));
    },
  });
}

/** Signs in and returns undefined, or why not: the invitation is used, so that the form cannot try again. */
async function signIn(api: Client, offer: Offer, password: string): Promise<string | undefined> {
  try {
    await api.logIn({ email: offer.email, password, org: offer.slug, cookie: true });
    return undefined;
  } catch (thrown) {
    return `You are a member of ${offer.org} now. ${sentence(thrown)}`;
  }
}

function unusable(thrown: unknown): HTMLElement {
  const again = h('button', { class: 'primary', type: 'button', click: () => location.reload() }, 'Try again');
  const final = thrown instanceof Failure && thrown.code === 'invitation_invalid';
  return h(
    'div', { class: 'stack' },
    h('h1', {}, final ? 'This invitation cannot be used' : 'The invitation could not be read'),
    h('p', { role: 'alert' }, sentence(thrown)),
    final ? undefined : again,
    toSignIn(),
  );
}
