// Whose sessions an admin sees: the names of members, and of those who have left.
import type { App } from './app';
import { isAdmin } from './roles';

/** How long the names are kept, in milliseconds. They change rarely. */
const kept = 30_000;

interface Owner {
  name: string;
  left: boolean;
}

/** Owners has the names of the organisation's people, for admins. Others see only their own sessions, which need no name. */
export class Owners {
  private people = new Map<string, Owner>();
  private since = -kept;

  constructor(private readonly app: App) {}

  /** Loads the names, unless they are fresh. Without them sessions are another member's, so that an error is not shown. */
  async refresh(left: AbortSignal): Promise<void> {
    if (!isAdmin(this.app) || performance.now() - this.since < kept) {
      return;
    }
    this.since = performance.now();
    const { api } = this.app;
    const [members, former] = await Promise.all([api.members(left), api.formerMembers(left)]).catch(() => [[], []]);
    this.people = new Map([
      ...former.map((f): [string, Owner] => [f.id, { name: f.name, left: true }]),
      ...members.map((m): [string, Owner] => [m.id, { name: m.name, left: false }]),
    ]);
  }

  /** Returns whose session that is, or an empty string for the user's own. */
  name(owner: string): string {
    const known = this.people.get(owner);
    if (owner === this.app.me.user.id) {
      return '';
    }
    if (known === undefined) {
      return 'another member’s';
    }
    return known.left ? `of ${known.name}, who has left` : `of ${known.name}`;
  }

  /** Reports whether the owner has left, so that an admin may take the session over. */
  hasLeft(owner: string): boolean {
    return this.people.get(owner)?.left ?? false;
  }
}
