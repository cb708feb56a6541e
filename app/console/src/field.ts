// A field of a form: a label, an input and a hint.
import { h } from './dom';

/** Puts a label before an input, which has an id, and a hint after it that screen readers read with it. */
export function field(label: string, input: HTMLInputElement | HTMLSelectElement, hint?: string): HTMLElement {
  const more = hint === undefined ? undefined : h('p', { class: 'muted small', id: `${input.id}-hint` }, hint);
  if (more) {
    input.setAttribute('aria-describedby', more.id);
  }
  return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, more);
}
