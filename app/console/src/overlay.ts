// The overlay that covers the desktop while the page waits or after something went wrong.
import { h } from './dom';

/** Overlay shows what the page waits for, or what went wrong and what the user can do. */
export class Overlay {
  private readonly spinner = h('div', { class: 'spinner', 'aria-hidden': 'true' });
  private readonly heading = h('h2');
  private readonly text = h('p');
  private readonly actions = h('div', { class: 'actions' });
  /** Is shown below everything else, for as long as the overlay is. */
  readonly more = h('div', { class: 'overlay-more' });
  readonly element = h(
    'div',
    { class: 'overlay', tabindex: '-1' },
    this.spinner,
    h('div', { role: 'status', class: 'overlay-text' }, this.heading, this.text),
    this.actions,
    this.more,
  );

  /** Shows what the page waits for, with buttons for what the user can do meanwhile. */
  wait(heading: string, text = '', actions: HTMLElement[] = []): void {
    this.fill(heading, text, actions);
    this.spinner.hidden = false;
  }

  /** Shows what happened, with buttons for what the user can do next. */
  show(heading: string, text: string, actions: HTMLElement[]): void {
    this.fill(heading, text, actions);
    this.spinner.hidden = true;
  }

  /** Uncovers the desktop. */
  hide(): void {
    this.element.hidden = true;
  }

  private fill(heading: string, text: string, actions: HTMLElement[]): void {
    this.element.hidden = false;
    if (this.heading.textContent !== heading) { // a screen reader reads the heading out each time it is set
      this.heading.textContent = heading;
    }
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    this.actions.replaceChildren(...actions);
    if (document.activeElement === document.body) { // what had the focus is gone: the desktop, or another button
      this.element.focus();
    }
  }
}
