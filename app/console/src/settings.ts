// The organisation's settings, for admins.
import { type Settings, sentence } from './api';
import type { App } from './app';
import { announce, h } from './dom';
import { field } from './field';

/** Makes the form with the longest lifetime of an API key. */
export function keyLimit(app: App, left: AbortSignal): HTMLElement {
  const days = h('input', { id: 'max-key-days', type: 'number', min: '1', max: '730', required: true, disabled: true });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'quiet', type: 'submit', disabled: true }, 'Save');

  async function settle(asked: Promise<Settings>, done = ''): Promise<void> {
    days.disabled = submit.disabled = true;
    problem.hidden = true;
    try {
      days.value = String((await asked).max_key_days);
      announce(done);
    } catch (thrown) {
      if (left.aborted) {
        return;
      }
      problem.textContent = sentence(thrown);
      problem.hidden = false;
    }
    days.disabled = submit.disabled = false;
  }

  function save(): void {
    void settle(app.api.updateSettings({ max_key_days: Number(days.value) }), 'The settings are saved.');
  }

  void settle(app.api.settings(left));
  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); save(); } },
    field('Keys last at most, in days', days, 'Keys that exist keep their end.'),
    problem,
    h('div', { class: 'actions' }, submit),
  );
}
