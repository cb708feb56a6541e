// Launching a desktop.
import { type CreateSession, Failure } from './api';
import type { App } from './app';
import { announce } from './dom';
import { unitOf } from './quotas';

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
  const { kind, holder, limit, used, asked } = thrown.problem;
  const who = holder === 'org' ? 'Your organisation' : 'You';
  if (used !== undefined && asked !== undefined) { // of anything but desktops
    const full = `${who} can use at most ${limit} ${unitOf(kind)} and ${holder === 'org' ? 'uses' : 'use'} ${used}. `
      + `This desktop needs ${asked}. Terminate one, then launch again.`;
    return new Failure(thrown.status, thrown.code, full, thrown.problem);
  }
  const what = limit === 1 ? 'desktop' : 'desktops';
  const said = `${who} can have at most ${limit} active ${what}. Terminate one, then launch again.`;
  return new Failure(thrown.status, thrown.code, said, thrown.problem);
}
