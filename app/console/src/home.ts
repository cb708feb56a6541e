// The home page: who is signed in, which desktops run and which can be launched.
import type { App, View } from './app';
import { banner } from './banner';
import { title } from './brand';
import { h } from './dom';
import { endedSessions } from './ended';
import { section } from './layout';
import { sessionList } from './sessions';
import { preload } from './stream';
import { templateCards } from './templates';

/** Shows the sessions and the templates. */
export function home(app: App): View {
  return (root, left) => {
    title('Desktops');
    // Keyboard and screen reader continue here after a change of view.
    const main = h('main', { class: 'page', tabindex: '-1' });
    const active = sessionList(app, left);
    main.append(
      h('h1', { class: 'unseen' }, 'Desktops'),
      section('sessions', 'Active desktops', active),
      section('templates', 'Launch a desktop', templateCards(app, left)),
      endedSessions(app, active, left),
    );
    root.append(banner(app, left), main);
    main.focus({ preventScroll: true });
    void preload().catch(() => undefined); // a desktop loads it again, and says what goes wrong
  };
}
