// What happens in the organisation, as it happens (docs/events.md), over a WebSocket that is opened again when it ends.
import { pause, visible } from './wait';

/** Without any message for this long the connection is dead, in milliseconds. The server says something every 4 seconds. */
const silence = 10_000;
/** The first and the longest pause before connecting again, in milliseconds. */
const pauses = { first: 500, longest: 10_000 };

export interface Listener {
  /** Something may have changed: list again. It is also called after each connection, because of what was missed before. */
  changed(): void;
  /** The connection was lost, and is being made again. */
  lost(): void;
}

/** Follows events of some types until the user leaves the view. */
export async function follow(types: string, listener: Listener, left: AbortSignal): Promise<void> {
  let wait = pauses.first;
  while (!left.aborted) {
    await visible(left);
    if (await connection(types, listener, left)) {
      wait = pauses.first;
    }
    if (!left.aborted) {
      listener.lost();
      await pause(wait * (0.5 + Math.random()), left); // spread, so that the pages do not all come back at once
      wait = Math.min(2 * wait, pauses.longest);
    }
  }
}

/** Keeps one connection until it ends, and tells whether it was ever open. */
function connection(types: string, listener: Listener, left: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const address = new URL('/api/v1/ws/events', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    address.searchParams.set('type', types);
    const socket = new WebSocket(address);
    let opened = false;
    let timer = setTimeout(end, silence);
    left.addEventListener('abort', end, { once: true });
    socket.addEventListener('close', end);
    socket.addEventListener('message', (message) => {
      clearTimeout(timer);
      timer = setTimeout(end, silence);
      const { type } = JSON.parse(String(message.data)) as { type: string };
      if (!opened || type !== 'heartbeat') { // the first message says that the server tells everything from now on
        opened = true;
        listener.changed();
      }
    });
    function end(): void {
      clearTimeout(timer);
      left.removeEventListener('abort', end);
      socket.removeEventListener('close', end);
      socket.close();
      resolve(opened);
    }
  });
}
