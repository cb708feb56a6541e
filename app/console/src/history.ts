// What happened to a session, as a list that the user opens when a desktop is not there.
import { sentence, type SessionEvent } from './api';
import type { App } from './app';
import { h } from './dom';
import { reasonOf, waitingOf } from './states';

const words: Record<string, string> = {
  created: 'Launched',
  pending: 'Waiting',
  starting: 'Starting',
  running: 'Running',
  terminating: 'Ending',
  terminated: 'Ended',
  failed: 'Failed',
  host_silent: 'Its computer stopped answering',
  host_back: 'Its computer answers again',
};

/** Makes the list. It loads the events each time it is opened. */
export function history(app: App, id: string, left: AbortSignal): HTMLElement {
  const entries = h('ol', { class: 'history-entries' });
  const problem = h('p', { class: 'problem small', role: 'alert' });
  const element = h('details', { class: 'history' }, h('summary', {}, 'What happened'), entries, problem);
  element.addEventListener('toggle', () => {
    if (element.open) {
      void load();
    }
  });
  return element;

  async function load(): Promise<void> {
    try {
      entries.replaceChildren(...(await app.api.sessionEvents(id, left)).map(entry));
      problem.textContent = '';
    } catch (thrown) {
      if (!left.aborted) {
        problem.textContent = sentence(thrown);
      }
    }
  }
}

function entry(event: SessionEvent): HTMLElement {
  const at = new Date(event.at);
  const time = h('time', { class: 'muted', datetime: event.at }, at.toLocaleTimeString());
  time.title = at.toLocaleString();
  const what = words[event.type] ?? event.type.replaceAll('_', ' ');
  const why = [waitingOf(event.waiting_for), reasonOf(event.reason)].filter((part) => part !== '').join('; ');
  return h('li', {}, time, ` ${what}${why === '' ? '' : `: ${why}`}`);
}
