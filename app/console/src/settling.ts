// Forms whose values are the server's: they are read from it and saved there.
import { sentence } from './api';
import { announce } from './dom';

type Control = HTMLInputElement | HTMLButtonElement;

/**
 * Makes a function that waits for a form's values and shows them. Meanwhile no one can change the form. A failure is shown as
 * the problem; `done` is announced otherwise.
 */
export function settling<Answer>(controls: Control[], problem: HTMLElement, show: (got: Answer) => void, left: AbortSignal) {
  return async (asked: Promise<Answer>, done = ''): Promise<void> => {
    controls.forEach((control) => { control.disabled = true; });
    problem.hidden = true;
    try {
      show(await asked);
      announce(done);
    } catch (thrown) {
      if (left.aborted) {
        return;
      }
      problem.textContent = sentence(thrown);
      problem.hidden = false;
    }
    controls.forEach((control) => { control.disabled = false; });
  };
}
