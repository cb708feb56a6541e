// What the page uses of noVNC, which ships no types; its docs/API.md describes it.
declare module '@novnc/novnc' {
  interface Options {
    /** Subprotocols that the WebSocket offers. */
    wsProtocols?: string[];
  }

  interface Events {
    /** The handshake is complete; the first picture follows. */
    connect: CustomEvent<Record<string, never>>;
    /** The connection ended. `clean` is false when it was not asked for. */
    disconnect: CustomEvent<{ clean: boolean }>;
  }

  export default class RFB {
    /** Connects at once and draws into `target`. */
    constructor(target: HTMLElement, url: string, options?: Options);
    /** Shrink or enlarge the picture to the target's size. */
    scaleViewport: boolean;
    /** Ask the server for a desktop of the target's size. */
    resizeSession: boolean;
    /** CSS background around the picture. */
    background: string;
    focus(options?: FocusOptions): void;
    disconnect(): void;
    addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
  }
}
