// Launching a desktop.
import { type CreateSession, Failure } from './api';
import type { App } from './app';
import { announce } from './dom';
import { nounOf, unitOf } from './quotas';

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

/** Says why a quota refuses the desktop and what to do. Any other error is returned as it is. */
function explained(thrown: unknown): unknown {
  if (!(thrown instanceof Failure)) {
    return thrown;
  }
  const said = sentence(thrown);
  return said === undefined ? thrown : new Failure(thrown.status, thrown.code, said, thrown.problem);
}

function sentence({ code, problem: { kind, holder, limit, used, asked } }: Failure): string | undefined {
  if (code === 'template_without_limit') {
    return `Your organisation has a limit of ${nounOf(kind)}, and this template does not say what it needs. `
      + 'Launch another one, or tell your admin.';
  }
  if (code !== 'quota_exceeded' || limit === undefined) {
    return undefined;
  }
  const who = holder === 'org' ? 'Your organisation' : 'You';
  if (used !== undefined && asked !== undefined) { // of anything but desktops
    return `${who} can use at most ${limit} ${unitOf(kind)} and ${holder === 'org' ? 'uses' : 'use'} ${used}. `
      + `This desktop needs ${asked}. Terminate one, then launch again.`;
  }
  return `${who} can have at most ${limit} active ${limit === 1 ? 'desktop' : 'desktops'}. Terminate one, then launch again.`;
}
