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
  above_host_limit: 'it may use more than the computers give a session',
  namespaces_refused: 'it needs namespaces of its own, which the computers do not allow',
  agent_lost: 'the computer that ran it did not come back',
  agent_away: 'the computer that ran it stopped responding',
  agent_restarted: 'the computer that ran it was restarted',
  agent_stopped: 'the computer that ran it was shut down',
  closed: 'it was closed',
  command_not_found: 'the program of this template is not installed; tell your admin',
  database_restored: 'the service was restored from a backup before it had started; launch it again',
  desktop_exited: 'its program ended with an error',
  desktop_killed: 'it was stopped unexpectedly',
  disk_limit: 'its files used more disk space than it may have',
  display_ended: 'its screen stopped working',
  org_suspended: 'the organisation was suspended',
  host_disk_full: 'the disk of its computer was full, and it had many files',
  host_lost: 'the computer that it was to start on stopped responding',
  memory_limit: 'its programs used more memory than it may have',
  no_disk_space: 'the computers had no disk space left',
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

/** The reasons of a session that never was a desktop. */
const notStarted = [
  'above_host_limit', 'command_not_found', 'namespaces_refused', 'no_disk_space', 'no_host', 'no_room', 'start_failed',
  'start_timed_out', 'template_unreadable',
];

/** Reports whether the session failed before it was a desktop. */
export function neverStarted(session: Session): boolean {
  return session.state === 'failed' && (session.detail !== undefined || notStarted.includes(session.reason ?? ''));
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

/** Returns what a session waits for: before it can start, or for its host to answer; otherwise an empty string. */
export function waiting(session: Session): string {
  return session.host_silent_since === undefined ? waitingOf(session.waiting_for) : 'its computer is not answering';
}

/** What a user reads in place of a desktop whose host does not answer. */
export const silentHost = {
  heading: 'The computer of this desktop is not answering',
  text: 'The desktop may still be running there. This page connects again by itself when the computer answers.',
};

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
