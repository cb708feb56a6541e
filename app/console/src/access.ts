// One's own access: the password and the sign-ins.
import type { App, View } from './app';
import { banner } from './banner';
import { title } from './brand';
import { h } from './dom';
import { passwordForm } from './password';
import { signInList } from './signins';

/** Shows the password's form and the list of sign-ins. */
export function access(app: App): View {
  return (root, left) => {
    title('My access');
    const main = h('main', { class: 'page', tabindex: '-1' });
    const list = signInList(app, left);
    main.append(
      h(
        'div',
        { class: 'page-head' },
        h('h1', {}, 'My access'),
        h('button', { class: 'quiet', type: 'button', click: () => app.home() }, 'Back to desktops'),
      ),
      section('password', 'Change your password', passwordForm(app, () => void list.load())),
      section('sign-ins', `Where you are signed in to ${app.me.org.name}`, list.element),
    );
    root.append(banner(app, left), main);
    main.focus({ preventScroll: true });
  };
}

function section(id: string, heading: string, content: HTMLElement): HTMLElement {
  return h('section', { 'aria-labelledby': `${id}-heading` }, h('h2', { id: `${id}-heading` }, heading), content);
}
