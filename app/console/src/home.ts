// The home page: who is signed in, which desktops run and which can be launched.
import type { App, View } from './app';
import { banner } from './banner';
import { title } from './brand';
import { preload } from './desktop';
import { h } from './dom';
import { section } from './layout';
import { sessionList } from './sessions';
import { templateCards } from './templates';

/** Shows the sessions and the templates. */
export function home(app: App): View {
  return (root, left) => {
    title('Desktops');
    // Keyboard and screen reader continue here after a change of view.
    const main = h('main', { class: 'page', tabindex: '-1' });
    main.append(
      h('h1', { class: 'unseen' }, 'Desktops'),
      section('sessions', 'Active desktops', sessionList(app, left)),
      section('templates', 'Launch a desktop', templateCards(app, left)),
    );
    root.append(banner(app, left), main);
    main.focus({ preventScroll: true });
    void preload();
  };
}
