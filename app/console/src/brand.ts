// The product's name and mark.
import { h } from './dom';
import mark from './mark.svg';

/** Makes the mark with the name next to it. */
export function wordmark(): HTMLElement {
  return h('span', { class: 'wordmark' }, h('img', { src: mark, alt: '', width: '28', height: '28' }), 'StreamSpace');
}

/** Sets the tab's title, so that a user with several desktops can tell the tabs apart. */
export function title(what?: string): void {
  document.title = what ? `${what} · StreamSpace` : 'StreamSpace';
}
