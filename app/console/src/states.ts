// A session's states and reasons in words.
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
  agent_away: 'its agent has not been heard of',
  agent_restarted: 'the agent that ran it started again',
  command_not_found: 'its template names a program that is not there',
  desktop_exited: 'its program was closed',
  desktop_killed: 'its desktop was stopped from outside',
  display_ended: 'its display ended',
  start_failed: 'its desktop could not be started',
};

/** Tells whether nothing more will happen to the session. */
export function ended(session: Session): boolean {
  return session.state === 'terminated' || session.state === 'failed';
}

/** Tells whether a desktop can be opened, or will be in a moment. */
export function reachable(session: Session): boolean {
  return !ended(session) && session.state !== 'terminating';
}

/** The reason for a person; an unknown one is its own words. Empty when there is none. */
export function because(session: Session): string {
  const reason = session.reason;
  return reason === undefined ? '' : (reasons[reason] ?? reason.replaceAll('_', ' '));
}

/** The state in a word. */
export function word(state: State): string {
  return words[state];
}

/** A badge with the state. */
export function badge(state: State): HTMLElement {
  return h('span', { class: `badge ${state}` }, words[state]);
}
