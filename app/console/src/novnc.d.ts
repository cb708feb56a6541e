// What the page uses of noVNC, which ships no types; its docs/API.md describes it.
declare module '@novnc/novnc' {
  interface Events {
    /** The handshake is complete; the first picture follows. */
    connect: CustomEvent<Record<string, never>>;
    /** The connection ended. `clean` is false when it was not asked for. */
    disconnect: CustomEvent<{ clean: boolean }>;
    /** A program of the desktop has copied text. */
    clipboard: CustomEvent<{ text: string }>;
  }

  export default class RFB {
    /** Takes a socket that is not open yet, and draws into `target`. */
    constructor(target: HTMLElement, socket: WebSocket);
    /** Shrink or enlarge the picture to the target's size. */
    scaleViewport: boolean;
    /** Ask the server for a desktop of the target's size. */
    resizeSession: boolean;
    /** Give the focus to the canvas when it is clicked. */
    focusOnClick: boolean;
    /** CSS background around the picture. */
    background: string;
    /** Puts text into the clipboard of the desktop. */
    clipboardPasteFrom(text: string): void;
    /** Presses a key, given as an X keysym and as the code of a KeyboardEvent; without `down` presses and releases it. */
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    disconnect(): void;
    /** Asks for a desktop of the size of `_screenSize`. Not a part of noVNC's interface. */
    protected _requestRemoteResize(): void;
    /** The size of the target in pixels of the page. Not a part of noVNC's interface. */
    protected _screenSize(): { w: number; h: number };
    addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
  }
}
