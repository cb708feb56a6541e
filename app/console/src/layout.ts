// What the pages have in common: a heading with the way back, and sections.
import type { App } from './app';
import { h } from './dom';

/** Makes the heading of a page that is not the home page. */
export function pageHead(app: App, heading: string): HTMLElement {
  const back = h('button', { class: 'quiet', type: 'button', click: () => app.home() }, 'Back to desktops');
  return h('div', { class: 'page-head' }, h('h1', {}, heading), back);
}

/** Makes a section that screen readers find by its heading. */
export function section(id: string, heading: string, content: HTMLElement): HTMLElement {
  return h('section', { 'aria-labelledby': `${id}-heading` }, h('h2', { id: `${id}-heading` }, heading), content);
}
