// How many desktops the organisation and its members may have at the same time, and how many they have.
import { type MemberQuota, type Quota, type QuotaLimits } from './api';
import type { App } from './app';
import { h } from './dom';
import { field } from './field';
import { Loaded } from './loaded';
import { settling } from './settling';

/** Makes what everyone sees: the use, and how much is allowed. */
export function quotaUse(app: App, left: AbortSignal): HTMLElement {
  return new Loaded<Quota>({
    what: 'limits',
    load: async (signal) => [(await app.api.quotas(signal)).sessions],
    draw: (all) => all.map((q) => h('p', {}, `The organisation has ${q.used_by_org} of ${q.per_org} desktops. `
      + `You have ${q.used_by_user} of ${q.per_user}.`)),
  }, left).element;
}

/** Makes the form with the limits that admins set. */
export function quotaLimits(app: App, left: AbortSignal): HTMLElement {
  const perOrg = limitInput({ id: 'limit-org', disabled: true });
  const perUser = limitInput({ id: 'limit-member', disabled: true });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'quiet', type: 'submit', disabled: true }, 'Save limits');
  const use = h('p', { role: 'status' }, 'Loading…');
  const settle = settling(
    [perOrg, perUser, submit],
    problem,
    ({ sessions: q }: { sessions: Quota }) => {
      use.textContent = `The organisation has ${q.used_by_org} of ${q.per_org} desktops.`;
      show(perOrg, q.own.per_org, q.ceiling.per_org);
      show(perUser, q.own.per_user, q.ceiling.per_user);
    },
    left,
  );

  function save(): void {
    const [org, user] = [read(perOrg), read(perUser)];
    const limits: QuotaLimits = { ...(org !== undefined && { per_org: org }), ...(user !== undefined && { per_user: user }) };
    void settle(app.api.updateQuotas(limits), 'The limits are saved.');
  }

  void settle(app.api.quotas(left));
  return h(
    'form',
    { class: 'stack narrow', submit: (event) => { event.preventDefault(); save(); } },
    use,
    field('Desktops of the organisation', perOrg, 'Empty: as many as this installation allows.'),
    field('Desktops of each member', perUser, 'A limit of a member below applies instead. Desktops above a lower limit run on.'),
    problem,
    h('div', { class: 'actions' }, submit),
  );
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

function limitInput(attributes: Record<string, string | boolean>): HTMLInputElement {
  return h('input', { type: 'number', min: '0', max: '2147483647', ...attributes });
}

function show(input: HTMLInputElement, limit: number | undefined, ceiling: number | undefined): void {
  input.value = limit === undefined ? '' : String(limit);
  if (ceiling !== undefined) {
    input.max = input.placeholder = String(ceiling);
  }
}

/** Reads a limit; undefined for none. */
function read(input: HTMLInputElement): number | undefined {
  return input.value === '' ? undefined : Number(input.value);
}
