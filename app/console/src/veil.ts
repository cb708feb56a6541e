// What lies over a desktop that does not show.
import { h } from './dom';

/** Veil says what is waited for, or what went wrong and what can be done. */
export class Veil {
  private readonly spinner = h('div', { class: 'spinner', 'aria-hidden': 'true' });
  private readonly heading = h('h2');
  private readonly text = h('p');
  private readonly actions = h('div', { class: 'actions' });
  readonly element = h(
    'div',
    { class: 'veil' },
    this.spinner,
    h('div', { role: 'status', class: 'veil-text' }, this.heading, this.text),
    this.actions,
  );

  /** Says what is waited for. */
  wait(heading: string): void {
    this.fill(heading, '', []);
    this.spinner.hidden = false;
  }

  /** Says what happened, with the buttons that lead on. */
  tell(heading: string, text: string, actions: HTMLElement[]): void {
    this.fill(heading, text, actions);
    this.spinner.hidden = true;
  }

  /** Shows the desktop. */
  lift(): void {
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
