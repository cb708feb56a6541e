// What every view receives.
import type { Client, Me, Session } from './api';

/** App is the page around a view. */
export interface App {
  readonly api: Client;
  readonly me: Me;
  /** Goes to a session's desktop. */
  open(session: Session): void;
  /** Goes to the templates and the sessions. */
  home(): void;
  /** Goes to the user's own password and sign-ins. */
  access(): void;
  /** Goes to the members of the organisation. */
  members(): void;
  /** Signs in to another organisation of the user, and goes to its templates and sessions. */
  switchTo(slug: string): Promise<void>;
  signOut(): Promise<void>;
}

/** View fills an empty root. `left` is aborted when the user leaves; the view must then stop everything it started. */
export type View = (root: HTMLElement, left: AbortSignal) => void;
