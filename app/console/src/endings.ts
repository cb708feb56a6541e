// Who ended a session, and what happens then, in words.
import type { Session } from './api';
import type { App } from './app';
import { because } from './states';

/** Returns a sentence about who ended a session or why, or an empty string when that is unknown. */
export async function whoEnded(app: App, session: Session, left: AbortSignal): Promise<string> {
  const reason = because(session);
  if (reason !== '') {
    return `Reason: ${reason}.`;
  }
  const events = await app.api.sessionEvents(session.id, left).catch(() => []);
  const by = events.findLast((event) => event.by !== undefined)?.by;
  if (by === undefined) {
    return '';
  }
  return `${by === app.me.user.id ? 'You' : await nameOf(app, by, left)} ended it.`;
}

async function nameOf(app: App, user: string, left: AbortSignal): Promise<string> {
  const members = await app.api.members(left).catch(() => []);
  return members.find((member) => member.id === user)?.name ?? 'Another member';
}
