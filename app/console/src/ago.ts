// Times as people say them.
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** Returns how long ago that was, in the largest unit that fits. */
export function ago(when: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(when)) / 1000);
  if (seconds < 45) {
    return 'just now';
  }
  if (seconds < 45 * 60) {
    return relative.format(-Math.round(seconds / 60), 'minute');
  }
  if (seconds < 22 * 3600) {
    return relative.format(-Math.round(seconds / 3600), 'hour');
  }
  return relative.format(-Math.round(seconds / 86400), 'day');
}
