// The home page: who is signed in, which desktops run and which can be launched.
import { sentence } from './api';
import type { App, View } from './app';
import { title, wordmark } from './brand';
import { preload } from './desktop';
import { h } from './dom';
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
    root.append(banner(app), main);
    main.focus({ preventScroll: true });
    void preload();
  };
}

function section(id: string, heading: string, content: HTMLElement): HTMLElement {
  return h('section', { 'aria-labelledby': id }, h('h2', { id }, heading), content);
}

function banner(app: App): HTMLElement {
  const { user, org, role } = app.me;
  const problem = h('span', { class: 'problem inline', role: 'alert' });
  const button = h('button', { class: 'quiet', type: 'button', click: () => void leave() }, 'Sign out');

  async function leave(): Promise<void> {
    button.disabled = true;
    try {
      await app.signOut();
    } catch (thrown) {
      problem.textContent = sentence(thrown);
      button.disabled = false;
    }
  }

  return h(
    'header',
    { class: 'banner' },
    wordmark(),
    h(
      'div',
      { class: 'account' },
      problem,
      h(
        'div',
        { class: 'who' },
        h('strong', { title: `${org.name} (${org.slug})` }, org.name),
        h('span', {}, `${user.email} · ${role}`),
      ),
      button,
    ),
  );
}
