// A confirmation in place, before an action that cannot be undone.
import { h } from './dom';

interface Question {
  /** What the button says. */
  label: string;
  /** What the button acts on, for users of a screen reader. */
  about: string;
  question: string;
  yes: string;
  no: string;
  act(): Promise<void>;
}

/** Makes a button that turns into a question and back. `act` must show its own errors. */
export function confirmed(q: Question): HTMLElement {
  const ask = h('button', { class: 'quiet', type: 'button', click: () => show(true) }, q.label);
  ask.setAttribute('aria-label', `${q.label} ${q.about}`);
  const yes = h('button', { class: 'danger', type: 'button', click: () => void run() }, q.yes);
  const no = h('button', { class: 'quiet', type: 'button', click: () => cancel() }, q.no);
  const words = h('span', {}, q.question);
  const choice = h('span', { class: 'confirm', role: 'group', 'aria-label': q.question }, words, yes, no);
  const box = h('span', { class: 'confirm-box' }, ask);

  function cancel(): void {
    if (!busy) {
      show(false);
    }
  }

  function show(asking: boolean): void {
    box.replaceChildren(asking ? choice : ask);
    (asking ? yes : ask).focus();
  }

  // The buttons are not disabled meanwhile: a button that is disabled loses the focus.
  let busy = false;
  async function run(): Promise<void> {
    if (busy) {
      return;
    }
    busy = true;
    choice.setAttribute('aria-busy', 'true');
    try {
      await q.act();
    } finally {
      busy = false;
      choice.removeAttribute('aria-busy');
      if (box.isConnected) {
        show(false);
      }
    }
  }

  choice.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      cancel();
    }
  });
  return box;
}
