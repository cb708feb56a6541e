// How many desktops the organisation and its members may have at the same time, and how much those may use.
import { type MemberQuota, type QuotaLimits, type Quotas, type ResourceQuota } from './api';
import type { App } from './app';
import { h } from './dom';
import { field } from './field';
import { Loaded } from './loaded';
import { settling } from './settling';

/** What else is limited than desktops, as people call it. What is used of it is what the templates of all desktops state. */
const resources = [
  { kind: 'memory', name: 'Memory', noun: 'memory', unit: 'MiB of memory' },
  { kind: 'cpu', name: 'CPU', noun: 'processor time', unit: 'thousandths of a processor' },
  { kind: 'processes', name: 'Processes', noun: 'processes', unit: 'processes' },
  { kind: 'disk', name: 'Disk', noun: 'disk space', unit: 'MiB of disk' },
] as const;

/** Returns the unit of a resource, in words that follow a number. */
export function unitOf(kind: string | undefined): string {
  return resources.find((r) => r.kind === kind)?.unit ?? '';
}

/** Returns what a resource is called in a sentence. */
export function nounOf(kind: string | undefined): string {
  return resources.find((r) => r.kind === kind)?.noun ?? '';
}

/** Makes what everyone sees: the use, and how much is allowed. */
export function quotaUse(app: App, left: AbortSignal): HTMLElement {
  return new Loaded<Quotas>({
    what: 'limits',
    load: async (signal) => [await app.api.quotas(signal)],
    draw: (all) => all.flatMap(({ sessions: q, ...others }) => [
      h('p', {}, `The organisation has ${q.used_by_org} of ${q.per_org} desktops. `
        + `You have ${q.used_by_user} of ${q.per_user}.`),
      ...resourceUse(others).map((text) => h('p', {}, text)),
    ]),
  }, left).element;
}

/** Says how much is used of each resource that is limited. */
function resourceUse(quotas: Omit<Quotas, 'sessions'>): string[] {
  const of = (used: number, limit: number | undefined): string => (limit === undefined ? String(used) : `${used} of ${limit}`);
  return resources.flatMap(({ kind, unit }) => {
    const q = quotas[kind];
    return q === undefined || (q.per_org === undefined && q.per_user === undefined)
      ? []
      : [`The organisation uses ${of(q.used_by_org, q.per_org)} ${unit}. You use ${of(q.used_by_user, q.per_user)}.`];
  });
}

/** Makes the form with the limits that admins set. */
export function quotaLimits(app: App, left: AbortSignal): HTMLElement {
  const perOrg = limitInput({ id: 'limit-org', disabled: true });
  const perUser = limitInput({ id: 'limit-member', disabled: true });
  const others = resources.map((r) => ({ ...r, ...resourceInputs(r.kind, r.name, r.unit) }));
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'quiet', type: 'submit', disabled: true }, 'Save limits');
  const use = h('p', { role: 'status' }, 'Loading…');
  const settle = settling(
    [perOrg, perUser, ...others.flatMap((r) => r.inputs), submit],
    problem,
    ({ sessions: q, ...quotas }: Quotas) => {
      use.textContent = [`The organisation has ${q.used_by_org} of ${q.per_org} desktops.`, ...resourceUse(quotas)].join(' ');
      show(perOrg, q.own.per_org, q.ceiling.per_org);
      show(perUser, q.own.per_user, q.ceiling.per_user);
      others.forEach((r) => r.show(quotas[r.kind]));
    },
    left,
  );

  function save(): void {
    const limits = Object.assign({}, ...others.map((r) => r.limits())) as Partial<Record<string, QuotaLimits>>;
    void settle(app.api.updateQuotas({ sessions: limitsOf(perOrg, perUser), ...limits }), 'The limits are saved.');
  }

  void settle(app.api.quotas(left));
  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); save(); } },
    use,
    field('Desktops of the organisation', perOrg, 'Empty: as many as this installation allows.'),
    field('Desktops of each member', perUser, 'A limit of a member below applies instead. Desktops above a lower limit run on.'),
    ...others.flatMap((r) => r.fields),
    problem,
    h('div', { class: 'actions' }, submit),
  );
}

/** Makes the inputs of the limits of a resource. What an older server does not know is not shown, and is not sent. */
function resourceInputs(kind: string, name: string, unit: string): {
  inputs: HTMLInputElement[];
  fields: HTMLElement[];
  show: (q: ResourceQuota | undefined) => void;
  limits: () => Record<string, QuotaLimits>;
} {
  const perOrg = limitInput({ id: `limit-${kind}-org`, disabled: true });
  const perUser = limitInput({ id: `limit-${kind}-member`, disabled: true });
  const fields = [
    field(`${name} of the organisation`, perOrg, `${unit}, for all desktops together. Under a limit, only templates that state theirs can be launched.`),
    field(`${name} of each member`, perUser, `${unit}, for all desktops of one member together.`),
  ];
  let known = false;
  return {
    inputs: [perOrg, perUser],
    fields,
    show: (q) => {
      known = q !== undefined;
      fields.forEach((f) => { f.hidden = !known; });
      show(perOrg, q?.own.per_org, q?.ceiling.per_org);
      show(perUser, q?.own.per_user, q?.ceiling.per_user);
    },
    limits: () => (known ? { [kind]: limitsOf(perOrg, perUser) } : {}),
  };
}

/** Reads the limits of a form. An empty one is absent. */
function limitsOf(perOrg: HTMLInputElement, perUser: HTMLInputElement): QuotaLimits {
  const [org, user] = [read(perOrg), read(perUser)];
  return { ...(org !== undefined && { per_org: org }), ...(user !== undefined && { per_user: user }) };
}

/** Makes the list of what each member has, with a limit of their own. */
export function memberQuotas(app: App, left: AbortSignal): HTMLElement {
  const list = new Loaded<MemberQuota>({
    what: "members' limits",
    load: (signal) => app.api.memberQuotas(signal),
    draw: (all) => [h('ul', { class: 'rows' }, ...all.map(row))],
  }, left);

  function row(q: MemberQuota): HTMLElement {
    const own = limitInput({ class: 'choice', 'aria-label': `Own limit of ${q.user_name}` });
    show(own, q.sessions.own_limit, undefined);
    own.placeholder = 'no own limit';
    own.addEventListener('change', () => {
      if (own.reportValidity()) {
        void list.act(() => app.api.updateMemberQuota(q.user_id, read(own)), `The limit of ${q.user_name} is saved.`);
      }
    });
    return h(
      'li',
      { class: 'row' },
      h('div', { class: 'tile small', 'aria-hidden': 'true' }, q.user_name.charAt(0).toUpperCase()),
      h(
        'div',
        { class: 'row-text' },
        h('strong', {}, q.user_name),
        h('span', { class: 'muted small' }, `${q.sessions.used} of ${q.sessions.limit} desktops`),
      ),
      own,
    );
  }

  return list.element;
}

/** The highest limit that the API takes. */
const highest = 2_147_483_647;

function limitInput(attributes: Record<string, string | boolean>): HTMLInputElement {
  return h('input', { type: 'number', min: '0', max: String(highest), ...attributes });
}

function show(input: HTMLInputElement, limit: number | undefined, ceiling: number | undefined): void {
  input.value = limit === undefined ? '' : String(limit);
  input.max = String(ceiling ?? highest);
  input.placeholder = ceiling === undefined ? 'no limit' : String(ceiling);
}

/** Reads a limit; undefined for none. */
function read(input: HTMLInputElement): number | undefined {
  return input.value === '' ? undefined : Number(input.value);
}
