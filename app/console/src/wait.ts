// Waits that end early when the user leaves the view.

/** Resolves after some milliseconds, or as soon as the user leaves the view. */
export function pause(ms: number, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (left.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, ms);
    left.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      left.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** Resolves when the tab is visible, or the user leaves the view. A hidden tab then sends no requests. */
export function visible(left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', check);
    left.addEventListener('abort', check, { once: true });
    check();
    function check(): void {
      if (left.aborted || document.visibilityState === 'visible') {
        document.removeEventListener('visibilitychange', check);
        left.removeEventListener('abort', check);
        resolve();
      }
    }
  });
}
