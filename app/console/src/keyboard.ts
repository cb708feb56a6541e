// A way out of a desktop that takes every key.

/**
 * Calls `out` once Ctrl, Alt and Shift were held together in `stage` and let go. Only then: the desktop has seen all
 * three come up, and none stays pressed in it.
 */
export function keyboardExit(stage: HTMLElement, out: () => void): void {
  let armed = false;
  stage.addEventListener('keydown', (event) => {
    const three = event.ctrlKey && event.altKey && event.shiftKey;
    // A fourth key makes it a shortcut of something in the desktop.
    armed = three && ['Control', 'Alt', 'Shift', 'Meta'].includes(event.key);
  }, { capture: true });
  stage.addEventListener('keyup', (event) => {
    if (armed && !event.ctrlKey && !event.altKey && !event.shiftKey) {
      armed = false;
      out();
    }
  }, { capture: true });
}
