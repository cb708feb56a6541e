// The people of the organisation: who is in it, who is invited, and what each may do.
import { ago } from './ago';
import type { Member, Role } from './api';
import type { App, View } from './app';
import { banner } from './banner';
import { title } from './brand';
import { confirmed } from './confirm';
import { h } from './dom';
import { hostList } from './hosts';
import { invitationList } from './invitations';
import { everyonesKeys } from './keys';
import { pageHead, section } from './layout';
import { Loaded } from './loaded';
import { memberQuotas, quotaLimits, quotaUse } from './quotas';
import { isAdmin, roleChoice } from './roles';
import { keyLimit } from './settings';

/** Shows the members and the limits of desktops; to admins also the invitations, everyone's API keys and the hosts. */
export function members(app: App): View {
  return (root, left) => {
    title('Members');
    const main = h('main', { class: 'page', tabindex: '-1' });
    main.append(pageHead(app, 'Members'));
    if (isAdmin(app)) {
      const invitations = invitationList(app, left);
      main.append(
        section('invite', 'Invite someone', invitations.form),
        section('invitations', 'Open invitations', invitations.element),
      );
    }
    main.append(section('members', `In ${app.me.org.name}`, memberList(app, left).element));
    if (isAdmin(app)) {
      const keys = h('div', { class: 'stack' }, everyonesKeys(app, left), keyLimit(app, left));
      const limits = h('div', { class: 'stack' }, quotaLimits(app, left), memberQuotas(app, left));
      main.append(
        section('keys', `API keys for ${app.me.org.name}`, keys),
        section('limits', 'Desktops at the same time', limits),
        section('hosts', 'Hosts', hostList(app, left)),
      );
    } else {
      main.append(section('limits', 'Desktops at the same time', quotaUse(app, left)));
    }
    root.append(banner(app, left), main);
    main.focus({ preventScroll: true });
  };
}

function memberList(app: App, left: AbortSignal): Loaded<Member> {
  const list = new Loaded<Member>({
    what: 'members',
    load: (signal) => app.api.members(signal),
    draw: (all) => [h('ul', { class: 'rows' }, ...byName(all).map(row))],
  }, left);

  function row(m: Member): HTMLElement {
    const manages = isAdmin(app) && (m.role !== 'owner' || app.me.role === 'owner');
    const you = m.id === app.me.user.id ? ' (you)' : '';
    const detail = h('span', { class: 'muted small' }, m.ends_at === undefined
      ? `${m.email} · joined ${ago(m.since)}`
      : `${m.email} · let in by an operator until ${new Date(m.ends_at).toLocaleString()}: ${m.reason ?? ''}`);
    detail.title = detail.textContent ?? '';
    return h(
      'li',
      { class: 'row' },
      h('div', { class: 'tile small', 'aria-hidden': 'true' }, m.name.charAt(0).toUpperCase()),
      h('div', { class: 'row-text' }, h('strong', {}, m.name + you), detail),
      manages && m.ends_at === undefined ? changeRole(m) : h('span', { class: 'tag' }, m.role),
      h('div', { class: 'actions' }, manages ? remove(m) : undefined),
    );
  }

  function changeRole(m: Member): HTMLElement {
    const select = roleChoice(app, m.role, { class: 'choice', 'aria-label': `Role of ${m.name}` });
    select.addEventListener('change', () => void change(select, m));
    return select;
  }

  async function change(select: HTMLSelectElement, m: Member): Promise<void> {
    const role = select.value as Role;
    select.disabled = true;
    await list.act(() => app.api.updateMember(m.id, role), `${m.name} is ${role} now.`);
    select.value = m.role; // refused: the list was not drawn again
    select.disabled = false;
  }

  function remove(m: Member): HTMLElement {
    return confirmed({
      label: 'Remove',
      about: m.name,
      question: 'They are signed out at once. Their desktops run on for a day.',
      yes: 'Remove',
      no: 'Keep',
      act: () => list.act(() => app.api.removeMember(m.id), `${m.name} is no member any more.`),
    });
  }

  return list;
}

function byName(all: Member[]): Member[] {
  return [...all].sort((a, b) => a.name.localeCompare(b.name));
}
