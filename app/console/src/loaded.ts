// A list that is loaded once, and again after each action on it.
import { sentence } from './api';
import { announce, h } from './dom';

interface Source<Item> {
  /** What the list has, in the plural, for a message. */
  what: string;
  load(left: AbortSignal): Promise<Item[]>;
  /** Draws the items into the list. */
  draw(items: Item[]): (Node | undefined)[];
}

/** Loaded shows a list, or why it cannot, with a button to try again. */
export class Loaded<Item> {
  readonly element = h('div', { class: 'stack', tabindex: '-1' });
  private readonly problem = h('p', { class: 'problem', role: 'alert', hidden: true });

  constructor(private readonly source: Source<Item>, private readonly left: AbortSignal) {
    this.element.append(h('p', { class: 'empty', role: 'status' }, 'Loading…'));
    void this.load();
  }

  /** Loads the list again. */
  async load(): Promise<void> {
    try {
      const items = await this.source.load(this.left);
      this.say('');
      const drawn = this.source.draw(items).filter((part) => part !== undefined);
      this.element.replaceChildren(this.problem, ...drawn);
    } catch (thrown) {
      if (!this.left.aborted) {
        this.unavailable(sentence(thrown));
      }
    }
  }

  /** Carries out an action, announces that it is done and loads the list again. It shows the action's error. */
  async act(action: () => Promise<unknown>, done: string): Promise<void> {
    this.say('');
    try {
      await action();
    } catch (thrown) {
      this.say(sentence(thrown));
      return;
    }
    announce(done);
    await this.load();
    this.element.focus(); // the button that had it is gone
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === '';
  }

  private unavailable(why: string): void {
    const retry = h('button', { class: 'quiet', type: 'button', click: () => void this.load() }, 'Try again');
    const text = `The ${this.source.what} could not be loaded. ${why}`;
    this.element.replaceChildren(h('div', { class: 'empty', role: 'alert' }, h('p', {}, text), retry));
  }
}
