// The roles of an organisation, in words.
import type { Role } from './api';
import type { App } from './app';
import { h } from './dom';

/** What each role may do, from most to least. */
export const roles: Record<Role, string> = {
  owner: 'Owner: everything, and who is an owner',
  admin: 'Admin: every desktop, and the members',
  member: 'Member: their own desktops',
  viewer: 'Viewer: looks, and changes nothing',
};

/** Reports whether the user may manage members. */
export function isAdmin(app: App): boolean {
  return app.me.role === 'owner' || app.me.role === 'admin';
}

/** Makes a choice of the roles that the user may give. Only an owner makes owners. */
export function roleChoice(app: App, chosen: Role, attributes: Record<string, string>): HTMLSelectElement {
  const given = (Object.keys(roles) as Role[]).filter((role) => role !== 'owner' || app.me.role === 'owner');
  return h('select', attributes, ...given.map((role) => (
    h('option', { value: role, selected: role === chosen, title: roles[role] }, role.charAt(0).toUpperCase() + role.slice(1))
  )));
}
