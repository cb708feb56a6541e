// What the user types, for a desktop: keys as they are, and text that has no key, as a phone's keyboard or an input
// method makes it. Both need a field, because a browser opens no keyboard and composes no text for a canvas.
import { h } from './dom';
import type { Stream } from './stream';

/** The field is never empty: on a phone the erase key says nothing in an empty field. */
const pad = ' '.repeat(8);

/** A touch that is shorter and moves less is a tap, in milliseconds and pixels. */
const tapWithin = 500;
const tapMoves = 10;

/** X keysyms of characters that are keys. Any other character has one by its code. */
const keys: Record<string, number> = { '\n': 0xff0d, '\t': 0xff09, '\b': 0xff08 };

/** Typing has the keyboard while a desktop is connected. */
export class Typing {
  readonly field = h('textarea', {
    class: 'typing', 'aria-label': 'Keyboard of the desktop', hidden: true,
    autocapitalize: 'off', autocomplete: 'off', autocorrect: 'off', spellcheck: 'false', tabindex: '-1',
  });
  private stream: Stream | undefined;
  private touched: { x: number; y: number; at: number } | undefined;

  constructor(private readonly screen: HTMLElement) {
    this.field.addEventListener('keydown', (event) => this.key(event));
    this.field.addEventListener('keyup', (event) => this.key(event));
    this.field.addEventListener('input', (event) => {
      if (!(event as InputEvent).isComposing) {
        this.drain();
      }
    });
    this.field.addEventListener('compositionend', () => this.drain());
    screen.addEventListener('mousedown', () => this.focus(), { capture: true });
    screen.addEventListener('touchstart', (event) => this.touch(event), { capture: true });
    screen.addEventListener('touchend', (event) => this.tap(event), { capture: true });
  }

  connect(stream: Stream): void {
    this.stream = stream;
    stream.rfb.focusOnClick = false; // otherwise noVNC gives the focus to its canvas
    this.field.hidden = false;
    this.empty();
  }

  disconnect(): void {
    this.stream = undefined;
    this.field.blur();
    this.field.hidden = true;
  }

  focus(): void {
    this.field.focus({ preventScroll: true });
  }

  private touch({ touches }: TouchEvent): void {
    const one = touches.length === 1 ? touches[0] : undefined;
    this.touched = one && { x: one.clientX, y: one.clientY, at: performance.now() };
  }

  /** A tap opens the phone's keyboard. It needs the focus anew when the user has closed the keyboard meanwhile. */
  private tap({ changedTouches: [end] }: TouchEvent): void {
    const { touched } = this;
    if (touched === undefined || end === undefined || performance.now() - touched.at > tapWithin
      || Math.hypot(end.clientX - touched.x, end.clientY - touched.y) > tapMoves) {
      return;
    }
    this.field.blur();
    this.focus();
  }

  /** Passes a key on to noVNC, unless it is a part of a text that is being composed: that follows as text. */
  private key(event: KeyboardEvent): void {
    const composes = event.isComposing || event.keyCode === 229 || event.key === 'Process' || event.key === 'Dead';
    if (composes || event.key === 'Unidentified') {
      return;
    }
    event.preventDefault();
    const canvas = this.screen.querySelector('canvas');
    const state = (name: string): boolean => event.getModifierState(name);
    canvas?.dispatchEvent(new KeyboardEvent(event.type, {
      key: event.key, code: event.code, location: event.location, repeat: event.repeat, cancelable: true,
      ctrlKey: event.ctrlKey, altKey: event.altKey, shiftKey: event.shiftKey, metaKey: event.metaKey,
      modifierAltGraph: state('AltGraph'), modifierCapsLock: state('CapsLock'), modifierNumLock: state('NumLock'),
    }));
  }

  /** Sends what the field has more, or less, than before. */
  private drain(): void {
    const { value } = this.field;
    let same = 0;
    while (same < pad.length && value[same] === pad[same]) {
      same++;
    }
    for (const character of '\b'.repeat(pad.length - same) + value.slice(same)) {
      this.stream?.rfb.sendKey(keysymOf(character), null);
    }
    this.empty();
  }

  private empty(): void {
    this.field.value = pad;
    this.field.setSelectionRange(pad.length, pad.length);
  }
}

/** Returns the X keysym of a character: its code in Latin-1, and above that its code point with a mark. */
function keysymOf(character: string): number {
  const code = character.codePointAt(0)!;
  return keys[character] ?? (code < 0x100 ? code : 0x0100_0000 + code);
}
