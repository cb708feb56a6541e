// A session's processes, as the kernel lists them.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Lists the processes that belong to a session as `pid name`. Its id is in the command line or the environment of what
 * started it, and in the mounts of everything inside its sandbox, which another user's process tells only root.
 */
export function processesOf(session) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => ['cmdline', 'environ', 'mountinfo'].some((file) => read(pid, file).includes(session)))
    .map((pid) => `${pid} ${read(pid, 'comm').trim()}`);
}

/** Reads a file of a process; empty when it has ended meanwhile or hides it. */
function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
