// Text between the clipboard of the browser and that of the desktop: by the usual keys where the browser allows it, and
// by a panel everywhere.
import { announce, h, icon } from './dom';
import type { Stream } from './stream';

/** The longest text that a desktop takes, in bytes of UTF-8: a little less than Xvnc's -MaxCutText. */
const longest = 1_000_000;

/** How long the browser may take to give the text after a key that pastes, in milliseconds. */
const pasteWithin = 200;

/** Clipboard passes text on while a desktop is connected. Its button and its panel are parts of the page. */
export class Clipboard {
  readonly button = h(
    'button',
    { class: 'quiet', type: 'button', 'aria-expanded': 'false', click: () => this.toggle() },
    icon('clipboard'),
    h('span', { class: 'bar-label' }, 'Clipboard'),
  );
  private readonly text = h('textarea', { id: 'clipboard-text', rows: '6', spellcheck: 'false' });
  private readonly said = h('p', { class: 'muted small', role: 'status' });
  readonly panel = h(
    'section',
    { class: 'panel', 'aria-label': 'Clipboard', hidden: true },
    h('label', { for: 'clipboard-text' }, 'Text in the clipboard of the desktop'),
    this.text,
    this.said,
    h(
      'div',
      { class: 'actions' },
      h('button', { class: 'primary', type: 'button', click: () => this.give() }, 'Put into the desktop'),
      h('button', { class: 'quiet', type: 'button', click: () => void this.take() }, 'Copy from here'),
      h('button', { class: 'quiet', type: 'button', click: () => this.toggle() }, 'Close'),
    ),
  );
  private stream: Stream | undefined;
  /** Gives the desktop a key that was held back until the text is there. */
  private release: (() => void) | undefined;

  constructor(stage: HTMLElement) {
    stage.addEventListener('keydown', (event) => this.key(event), { capture: true });
    stage.addEventListener('paste', (event) => this.pasted(event));
    this.panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.toggle();
      }
    });
  }

  /** Begins to pass text on. */
  connect(stream: Stream): void {
    this.stream = stream;
    stream.rfb.addEventListener('clipboard', (event) => void this.copied(event.detail.text));
  }

  disconnect(): void {
    this.stream = undefined;
    this.release = undefined;
    this.panel.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  private toggle(): void {
    const opens = this.panel.hidden;
    this.panel.hidden = !opens;
    this.button.setAttribute('aria-expanded', String(opens));
    this.said.textContent = '';
    (opens ? this.text : this.button).focus();
  }

  /** The desktop has copied. A browser that does not allow the page to write leaves the text in the panel. */
  private async copied(text: string): Promise<void> {
    this.text.value = text;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      announce('The desktop has copied text. Open the clipboard to take it.');
      this.button.classList.add('news');
    }
  }

  /**
   * Holds back a key that pastes, so that the browser gives the text of its own clipboard first: it does that without
   * asking, because the user pressed the key. If it gives none, the key goes on alone.
   */
  private key(event: KeyboardEvent): void {
    const { stream } = this;
    const letter = (event.ctrlKey || event.metaKey) && !event.altKey && event.code === 'KeyV';
    const insert = event.shiftKey && event.code === 'Insert';
    if (stream === undefined || !(letter || insert) || this.isPart(event.target)) {
      return;
    }
    event.stopImmediatePropagation();
    const keysym = insert ? 0xff63 : (event.key.codePointAt(0) ?? 0x76); // XK_Insert; a Latin letter is its own keysym
    const release = (): void => {
      if (this.release === release) {
        this.release = undefined;
        stream.rfb.sendKey(keysym, event.code);
      }
    };
    this.release = release;
    setTimeout(release, pasteWithin);
  }

  private pasted(event: ClipboardEvent): void {
    if (this.isPart(event.target)) {
      return; // of the panel: its field takes the text
    }
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text !== '' && !this.send(text)) {
      announce('The text is too long for the clipboard of the desktop.');
    }
    this.release?.();
  }

  private isPart(target: EventTarget | null): boolean {
    return target instanceof Node && this.panel.contains(target);
  }

  /** Reports whether the desktop can have the text. */
  private send(text: string): boolean {
    if (new TextEncoder().encode(text).length > longest) {
      return false;
    }
    this.text.value = text;
    this.stream?.rfb.clipboardPasteFrom(text);
    return true;
  }

  private give(): void {
    const fits = this.send(this.text.value);
    this.said.textContent = fits ? 'The desktop has the text. Paste it there.' : 'The text is too long: at most 1 MB.';
  }

  private async take(): Promise<void> {
    this.button.classList.remove('news');
    try {
      await navigator.clipboard.writeText(this.text.value);
      this.said.textContent = 'The text is copied.';
    } catch {
      this.text.select();
      this.said.textContent = 'The browser does not allow it. Copy the marked text with the keyboard.';
    }
  }
}
