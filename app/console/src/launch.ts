// Launching a desktop.
import { type CreateSession, Failure } from './api';
import type { App } from './app';
import { announce } from './dom';

/** Launches a desktop and opens it. An error's sentence says what the user can do. */
export async function launch(app: App, what: CreateSession): Promise<void> {
  try {
    const session = await app.api.createSession(scale() > 1 ? { ...what, scale: scale() } : what);
    announce(`${session.name} is starting.`);
    app.open(session);
  } catch (thrown) {
    throw explained(thrown);
  }
}

/** How much larger than usual this screen draws, as a desktop's programs can: in whole steps, and at most 3. */
function scale(): number {
  return Math.min(Math.max(Math.round(window.devicePixelRatio), 1), 3);
}

/** Says which quota is used up and what to do. Any other error is returned as it is. */
function explained(thrown: unknown): unknown {
  if (!(thrown instanceof Failure) || thrown.code !== 'quota_exceeded' || thrown.problem.limit === undefined) {
    return thrown;
  }
  const { holder, limit } = thrown.problem; // its kind is always "sessions", which users know as desktops
  const who = holder === 'org' ? 'Your organisation' : 'You';
  const what = limit === 1 ? 'desktop' : 'desktops';
  const said = `${who} can have at most ${limit} active ${what}. Terminate one, then launch again.`;
  return new Failure(thrown.status, thrown.code, said, thrown.problem);
}
