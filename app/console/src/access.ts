// One's own access: the password, the sign-ins and the API keys.
import type { App, View } from './app';
import { banner } from './banner';
import { title } from './brand';
import { h } from './dom';
import { ownKeys } from './keys';
import { pageHead, section } from './layout';
import { passwordForm } from './password';
import { signInList } from './signins';

/** Shows the password's form, the sign-ins and the API keys. */
export function access(app: App): View {
  return (root, left) => {
    title('My access');
    const main = h('main', { class: 'page', tabindex: '-1' });
    const list = signInList(app, left);
    main.append(
      pageHead(app, 'My access'),
      section('password', 'Change your password', passwordForm(app, () => void list.load())),
      section('sign-ins', `Where you are signed in to ${app.me.org.name}`, list.element),
      section('keys', `API keys for ${app.me.org.name}`, ownKeys(app, left)),
    );
    root.append(banner(app, left), main);
    main.focus({ preventScroll: true });
  };
}
