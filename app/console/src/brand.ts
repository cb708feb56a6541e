// The product's name and mark.
import { h } from './dom';
import mark from './mark.svg';

/** The mark and the name beside it. */
export function wordmark(): HTMLElement {
  return h('span', { class: 'wordmark' }, h('img', { src: mark, alt: '', width: '28', height: '28' }), 'StreamSpace');
}

/** Names what the tab shows, so that several desktops can be told apart. */
export function title(what?: string): void {
  document.title = what ? `${what} · StreamSpace` : 'StreamSpace';
}
