// The templates from which a desktop can be launched.
import { sentence, type Template } from './api';
import type { App } from './app';
import { h, icon } from './dom';
import { launch as start } from './launch';

/** Makes a card for each template. */
export function templateCards(app: App, left: AbortSignal): HTMLElement {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const ghosts = Array.from({ length: 3 }, () => h('div', { class: 'card ghost' }));
  const cards = h('div', { class: 'cards', 'aria-busy': 'true' }, ...ghosts);
  problem.hidden = true;

  function say(text: string): void {
    problem.textContent = text;
    problem.hidden = text === '';
  }

  async function load(): Promise<void> {
    try {
      const templates = await app.api.templates(left);
      cards.replaceChildren(...(templates.length === 0 ? [nothing()] : templates.map((t) => card(app, t, launch))));
    } catch (thrown) {
      if (!left.aborted) {
        cards.replaceChildren(unavailable(sentence(thrown), () => void load()));
      }
    } finally {
      cards.removeAttribute('aria-busy');
    }
  }

  // One launch at a time: a double click would start two desktops and use two of the quota.
  async function launch(template: Template, button: HTMLButtonElement): Promise<void> {
    const buttons = cards.querySelectorAll('button');
    buttons.forEach((b) => (b.disabled = true));
    button.textContent = 'Launching…';
    say('');
    try {
      await start(app, { template: template.id });
    } catch (thrown) {
      say(sentence(thrown));
      buttons.forEach((b) => (b.disabled = false));
      button.textContent = 'Launch';
      button.focus();
    }
  }

  void load();
  return h('div', { class: 'stack' }, problem, cards);
}

function card(app: App, t: Template, launch: (t: Template, b: HTMLButtonElement) => Promise<void>): HTMLElement {
  const button = h('button', { class: 'primary', type: 'button', click: () => void launch(t, button) }, 'Launch');
  button.setAttribute('aria-label', `Launch ${t.title}`);
  const viewer = app.me.role === 'viewer';
  return h(
    'article',
    { class: 'card' },
    h('div', { class: 'tile' }, icon(t.name === 'terminal' ? 'terminal' : 'screen')),
    h('h3', {}, t.title),
    h('p', { class: 'muted' }, t.description),
    h(
      'div',
      { class: 'card-foot' },
      h('span', { class: 'tag' }, t.is_public ? 'Public' : app.me.org.name),
      viewer ? h('span', { class: 'muted small' }, 'Viewers cannot launch desktops') : button,
    ),
  );
}

function nothing(): HTMLElement {
  return h('p', { class: 'empty' }, 'No desktops are set up yet. An admin of your organisation can add a template.');
}

function unavailable(why: string, retry: () => void): HTMLElement {
  return h(
    'div',
    { class: 'empty', role: 'alert' },
    h('p', {}, 'The templates could not be loaded. ', why),
    h('button', { class: 'quiet', type: 'button', click: retry }, 'Try again'),
  );
}
