// A session's states and end reasons in words that a user understands. The API gives codes; see docs/errors.md.
import type { Session } from './api';
import { h } from './dom';

type State = Session['state'];

const words: Record<State, string> = {
  pending: 'Pending',
  starting: 'Starting',
  running: 'Running',
  terminating: 'Ending',
  terminated: 'Ended',
  failed: 'Failed',
};

const reasons: Record<string, string> = {
  agent_away: 'the computer that ran it stopped responding',
  agent_restarted: 'the computer that ran it was restarted',
  command_not_found: 'the program of this template is not installed; tell your admin',
  desktop_exited: 'its program was closed',
  desktop_killed: 'it was stopped unexpectedly',
  display_ended: 'its screen stopped working',
  org_suspended: 'the organisation was suspended',
  no_host: 'no computer was available for it',
  no_room: 'all computers were full',
  owner_left: 'its owner left the organisation',
  start_failed: 'it could not be started',
  start_timed_out: 'it took too long to start',
  template_unreadable: 'its template cannot be read; tell your admin',
};

/** Reports whether the session is in a final state. */
export function ended(session: Session): boolean {
  return session.state === 'terminated' || session.state === 'failed';
}

/** Reports whether the desktop can be opened, now or once it has started. */
export function reachable(session: Session): boolean {
  return !ended(session) && session.state !== 'terminating';
}

/**
 * Returns why the session ended, or an empty string. An unknown code is shown with spaces, because a newer server may
 * send codes that this page does not know.
 */
export function because(session: Session): string {
  return reasonOf(session.reason);
}

/** Returns a reason's code in words, or an empty string. */
export function reasonOf(code: string | undefined): string {
  return code === undefined ? '' : (reasons[code] ?? code.replaceAll('_', ' '));
}

/** Returns what a session waits for before it can start, or an empty string. */
export function waiting(session: Session): string {
  return waitingOf(session.waiting_for);
}

/** Returns what a code of waiting_for means, or an empty string. */
export function waitingOf(code: string | undefined): string {
  switch (code) {
    case 'host':
      return 'waits for a computer that is available';
    case 'room':
      return 'waits until a computer has room';
    default:
      return '';
  }
}

/** Returns the state as a word. */
export function word(state: State): string {
  return words[state];
}

/** Makes a badge that shows the state. */
export function badge(state: State): HTMLElement {
  return h('span', { class: `badge ${state}` }, words[state]);
}
