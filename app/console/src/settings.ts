// The organisation's settings, for admins.
import type { Settings } from './api';
import type { App } from './app';
import { h } from './dom';
import { field } from './field';
import { settling } from './settling';

/** Makes the form with the longest lifetime of an API key. */
export function keyLimit(app: App, left: AbortSignal): HTMLElement {
  const days = h('input', { id: 'max-key-days', type: 'number', min: '1', max: '730', required: true, disabled: true });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'quiet', type: 'submit', disabled: true }, 'Save');

  const show = (s: Settings): void => { days.value = String(s.max_key_days); };
  const settle = settling([days, submit], problem, show, left);

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
