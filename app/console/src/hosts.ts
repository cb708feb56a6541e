// The hosts that run the organisation's desktops, for admins.
import { ago } from './ago';
import type { Agent } from './api';
import type { App } from './app';
import { h, icon } from './dom';
import { Loaded } from './loaded';

/** Makes the list. */
export function hostList(app: App, left: AbortSignal): HTMLElement {
  return new Loaded<Agent>({
    what: 'hosts',
    load: (signal) => app.api.hosts(signal),
    draw: (all) => [all.length === 0
      ? h('p', { class: 'empty' }, 'No host serves your organisation yet: the operators of this installation add one.')
      : h('ul', { class: 'rows' }, ...all.map(row))],
  }, left).element;
}

function row(host: Agent): HTMLElement {
  const facts = [
    host.sessions === 1 ? '1 desktop of yours' : `${host.sessions} desktops of yours`,
    host.version,
    host.state === 'away' ? host.away_since && `last heard of ${ago(host.away_since)}` : room(host),
    unenforced(host),
  ];
  return h(
    'li',
    { class: 'row' },
    h('div', { class: 'tile small' }, icon('screen')),
    h(
      'div',
      { class: 'row-text' },
      h('strong', {}, host.name),
      h('span', { class: 'muted small' }, facts.filter((fact) => fact !== undefined).join(' · ')),
    ),
    h('span', { class: 'tag' }, host.state),
  );
}

const limits = { cpu: 'processors', disk: 'disk', memory: 'memory', processes: 'processes' };

/** Says which limits the host's kernel does not enforce. */
function unenforced(host: Agent): string | undefined {
  const names = host.unenforced_limits?.map((limit) => limits[limit]) ?? [];
  return names.length === 0 ? undefined : `no strict limit of ${new Intl.ListFormat('en').format(names)}`;
}

function room(host: Agent): string {
  return host.has_room ? 'has room' : 'is full';
}
