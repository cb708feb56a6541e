// The overlay over a desktop that is not shown: it waits, or something went wrong.
import { h } from './dom';

/** Overlay says what the page waits for, or what went wrong and what the user can do. */
export class Overlay {
  private readonly spinner = h('div', { class: 'spinner', 'aria-hidden': 'true' });
  private readonly heading = h('h2');
  private readonly text = h('p');
  private readonly actions = h('div', { class: 'actions' });
  readonly element = h(
    'div',
    { class: 'overlay' },
    this.spinner,
    h('div', { role: 'status', class: 'overlay-text' }, this.heading, this.text),
    this.actions,
  );

  /** Says what the page waits for. */
  wait(heading: string): void {
    this.fill(heading, '', []);
    this.spinner.hidden = false;
  }

  /** Says what happened, with the buttons that lead on. */
  show(heading: string, text: string, actions: HTMLElement[]): void {
    this.fill(heading, text, actions);
    this.spinner.hidden = true;
  }

  /** Shows the desktop. */
  hide(): void {
    this.element.hidden = true;
  }

  private fill(heading: string, text: string, actions: HTMLElement[]): void {
    this.element.hidden = false;
    if (this.heading.textContent !== heading) { // what is set anew is read out anew
      this.heading.textContent = heading;
    }
    this.text.textContent = text;
    this.actions.replaceChildren(...actions);
  }
}
