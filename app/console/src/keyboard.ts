// A keyboard shortcut that leaves a desktop, which otherwise receives every key.

/**
 * Calls `out` after Ctrl, Alt and Shift were held together in `stage` and all released. It waits for the release, so
 * that the desktop sees all three come up. Otherwise a key would stay pressed there.
 */
export function keyboardExit(stage: HTMLElement, out: () => void): void {
  let armed = false;
  stage.addEventListener('keydown', (event) => {
    const three = event.ctrlKey && event.altKey && event.shiftKey;
    // With a fourth key it is a shortcut of a program in the desktop.
    armed = three && ['Control', 'Alt', 'Shift', 'Meta'].includes(event.key);
  }, { capture: true });
  stage.addEventListener('keyup', (event) => {
    if (armed && !event.ctrlKey && !event.altKey && !event.shiftKey) {
      armed = false;
      out();
    }
  }, { capture: true });
}
