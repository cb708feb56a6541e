// The client of the API in docs/openapi.yaml. The sign-in is an HttpOnly cookie, which no script can read, so this code
// holds no credential.
import type { components, operations } from './api.gen';

type Schemas = components['schemas'];
export type LogIn = Schemas['LogIn'];
export type SetUp = Schemas['SetUp'];
export type Offer = Schemas['Offer'];
export type Agent = Schemas['Agent'];
export type CreateSession = Schemas['CreateSession'];
export type FormerMember = Schemas['FormerMember'];
export type Invitation = Schemas['Invitation'];
export type Key = Schemas['Key'];
export type NewKey = Schemas['NewKey'];
export type Scope = Schemas['Scope'];
export type Me = Schemas['Me'];
export type Member = Schemas['Member'];
export type MemberQuota = Schemas['MemberQuota'];
export type Problem = Schemas['Problem'];
export type OwnOrg = Schemas['OwnOrg'];
export type Quota = Schemas['Quota'];
export type QuotaLimits = Schemas['QuotaLimits'];
export type Quotas = Schemas['Quotas'];
export type ResourceQuota = Schemas['ResourceQuota'];
export type Role = Schemas['Role'];
export type Session = Schemas['Session'];
export type SessionEvent = Schemas['SessionEvent'];
export type Settings = Schemas['Settings'];
export type SignIn = Schemas['SignIn'];
export type Template = Schemas['Template'];
export type Ticket = Schemas['Ticket'];
type SessionQuery = NonNullable<operations['listSessions']['parameters']['query']>;

/** The timeout of a request, in milliseconds. The server's own timeouts are shorter, so its error arrives first. */
const requestTimeout = 15_000;

/** The API's largest page, and how many pages are read. No one looks through a list of more than 500 entries. */
const pageSize = 100;
const pages = 5;

/** How many of the newest sessions the page looks through for those that have just ended. */
const newest = 50;

/** Failure is a refused request, or one without a response (status 0). Its message is a sentence for the user. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly problem: Partial<Problem> = {},
  ) {
    super(detail);
  }
}

/** Turns any thrown value into a sentence for the user. */
export function sentence(thrown: unknown): string {
  if (thrown instanceof Failure) {
    return asSentence(thrown.message);
  }
  console.error(thrown);
  return 'Something went wrong on this page. Reload it and try again.';
}

function asSentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** Client calls the API for the signed-in user. */
export class Client {
  /**
   * Whom the page shows as signed in. Another tab may sign in as someone else, with the one cookie that all tabs share;
   * the server then refuses what this page asks for.
   */
  shown: Me | undefined;

  constructor(private readonly heard: Listener) {}

  /** Signs in, which sets the cookie. Here a 401 means a wrong password, not an ended sign-in. */
  async logIn(body: LogIn): Promise<void> {
    await send('POST', '/api/v1/auth/login', { body: { ...body, cookie: true } });
  }

  /** Creates the first organisation of a new installation. */
  async setUp(body: SetUp): Promise<void> {
    await send('POST', '/api/v1/setup', { body });
  }

  /** Returns what an invitation is to. */
  lookAtInvitation(secret: string): Promise<Offer> {
    return send('POST', '/api/v1/invitations/look', { body: { secret } });
  }

  /** Accepts an invitation. Here a 401 means a wrong password, not an ended sign-in. */
  async acceptInvitation(body: Schemas['AcceptInvitation']): Promise<void> {
    await send('POST', '/api/v1/invitations/accept', { body });
  }

  /** Asks for a link to a new password. */
  async forgetPassword(email: string): Promise<void> {
    await send('POST', '/api/v1/auth/forgot', { body: { email } });
  }

  /** Sets a new password with the secret of a link. */
  async resetPassword(body: Schemas['ResetPassword']): Promise<void> {
    await send('POST', '/api/v1/auth/reset', { body });
  }

  logOut(): Promise<void> {
    return this.ask('POST', '/api/v1/auth/logout');
  }

  /** Asks whether the browser is still signed in as the page shows. What it hears goes to the listener; no answer is none. */
  async checkSignIn(): Promise<void> {
    await this.ask('GET', '/api/v1/me').catch(() => undefined);
  }

  /** Returns the signed-in user, or undefined when no one is signed in. */
  async me(): Promise<Me | undefined> {
    try {
      return await send<Me>('GET', '/api/v1/me');
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.status === 401) {
        return undefined;
      }
      throw thrown;
    }
  }

  /** Returns the organisations that the user can sign in to. */
  orgs(signal: AbortSignal): Promise<OwnOrg[]> {
    return this.all<OwnOrg>('/api/v1/me/orgs', {}, signal);
  }

  /** Signs in to another organisation, which replaces the cookie. */
  switchOrg(org: string): Promise<void> {
    const body: Schemas['SwitchOrg'] = { org, cookie: true };
    return this.ask('POST', '/api/v1/auth/switch', { body });
  }

  changePassword(body: Schemas['ChangePassword']): Promise<void> {
    return this.ask('POST', '/api/v1/me/password', { body });
  }

  /** Returns the user's own sign-ins to the present organisation. */
  signIns(signal: AbortSignal): Promise<SignIn[]> {
    return this.all<SignIn>('/api/v1/me/sign-ins', {}, signal);
  }

  endSignIn(id: string): Promise<void> {
    return this.ask('DELETE', `/api/v1/me/sign-ins/${id}`);
  }

  /** Ends all sign-ins of the user, to every organisation, except the present one. */
  endOtherSignIns(): Promise<void> {
    return this.ask('DELETE', '/api/v1/me/sign-ins');
  }

  members(signal: AbortSignal): Promise<Member[]> {
    return this.all<Member>('/api/v1/members', {}, signal);
  }

  /** Returns the users who have left the organisation. */
  formerMembers(signal: AbortSignal): Promise<FormerMember[]> {
    return this.all<FormerMember>('/api/v1/former-members', {}, signal);
  }

  updateMember(id: string, role: Role): Promise<Member> {
    const body: Schemas['UpdateMember'] = { role };
    return this.ask('PATCH', `/api/v1/members/${id}`, { body });
  }

  removeMember(id: string): Promise<void> {
    return this.ask('DELETE', `/api/v1/members/${id}`);
  }

  invitations(signal: AbortSignal): Promise<Invitation[]> {
    return this.all<Invitation>('/api/v1/invitations', {}, signal);
  }

  invite(body: Schemas['CreateInvitation']): Promise<Invitation> {
    return this.ask('POST', '/api/v1/invitations', { body });
  }

  revokeInvitation(id: string): Promise<void> {
    return this.ask('DELETE', `/api/v1/invitations/${id}`);
  }

  /** Returns the user's own API keys or, for an admin, also those of others. */
  keys(everyone: boolean, signal: AbortSignal): Promise<Key[]> {
    return this.all<Key>('/api/v1/keys', { everyone }, signal);
  }

  createKey(body: Schemas['CreateKey']): Promise<NewKey> {
    return this.ask('POST', '/api/v1/keys', { body });
  }

  /** Replaces a key by a new one. The present one goes on for a day. */
  rotateKey(id: string): Promise<NewKey> {
    const body: Schemas['RotateKey'] = { overlap_hours: 24 };
    return this.ask('POST', `/api/v1/keys/${id}/rotate`, { body });
  }

  revokeKey(id: string): Promise<void> {
    return this.ask('DELETE', `/api/v1/keys/${id}`);
  }

  settings(signal: AbortSignal): Promise<Settings> {
    return this.ask('GET', '/api/v1/settings', { signal });
  }

  updateSettings(body: Settings): Promise<Settings> {
    return this.ask('PUT', '/api/v1/settings', { body });
  }

  quotas(signal: AbortSignal): Promise<Quotas> {
    return this.ask('GET', '/api/v1/quotas', { signal });
  }

  /** Replaces the limits that admins set. An absent limit is removed; those of a resource that is absent stay. */
  updateQuotas(body: Schemas['UpdateQuotas']): Promise<Quotas> {
    return this.ask('PUT', '/api/v1/quotas', { body });
  }

  /** Returns what each member may have and has. */
  memberQuotas(signal: AbortSignal): Promise<MemberQuota[]> {
    return this.all<MemberQuota>('/api/v1/quotas/members', {}, signal);
  }

  /** Gives a member a limit of their own, or removes it. */
  updateMemberQuota(id: string, limit: number | undefined): Promise<MemberQuota> {
    const body: Schemas['UpdateMemberQuota'] = { sessions: limit === undefined ? {} : { own_limit: limit } };
    return this.ask('PUT', `/api/v1/quotas/members/${id}`, { body });
  }

  /** Returns the hosts that run the organisation's desktops. */
  hosts(signal: AbortSignal): Promise<Agent[]> {
    return this.all<Agent>('/api/v1/agents', {}, signal);
  }

  templates(signal: AbortSignal): Promise<Template[]> {
    return this.all<Template>('/api/v1/templates', {}, signal);
  }

  activeSessions(signal: AbortSignal): Promise<Session[]> {
    const query: SessionQuery = { active: true };
    return this.all<Session>('/api/v1/sessions', query, signal);
  }

  /** Returns the newest sessions, at most a page, whether they have ended or not. */
  async newestSessions(signal: AbortSignal): Promise<Session[]> {
    const query = new URLSearchParams({ limit: String(newest) });
    const page: { items: Session[] } = await this.ask('GET', `/api/v1/sessions?${query}`, { signal });
    return page.items;
  }

  /** Returns what happened to a session, the oldest first. */
  sessionEvents(id: string, signal: AbortSignal): Promise<SessionEvent[]> {
    return this.all<SessionEvent>(`/api/v1/sessions/${id}/events`, {}, signal);
  }

  session(id: string, signal: AbortSignal): Promise<Session> {
    return this.ask('GET', `/api/v1/sessions/${id}`, { signal });
  }

  createSession(body: CreateSession): Promise<Session> {
    return this.ask('POST', '/api/v1/sessions', { body });
  }

  deleteSession(id: string): Promise<Session> {
    return this.ask('DELETE', `/api/v1/sessions/${id}`);
  }

  /** Makes the user the owner of a session whose owner has left. */
  takeOver(id: string): Promise<Session> {
    return this.ask('POST', `/api/v1/sessions/${id}/take-over`);
  }

  createTicket(id: string, signal: AbortSignal): Promise<Ticket> {
    return this.ask('POST', `/api/v1/sessions/${id}/tickets`, { signal });
  }

  private async all<Item>(path: string, query: object, signal: AbortSignal): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < pages; page++) {
      const params = new URLSearchParams({ ...query, limit: String(pageSize), ...(cursor && { cursor }) });
      const got: { items: Item[]; next_cursor?: string } = await this.ask('GET', `${path}?${params}`, { signal });
      items.push(...got.items);
      cursor = got.next_cursor;
      if (!cursor) {
        break;
      }
    }
    return items;
  }

  private async ask<Answer>(method: string, path: string, with_: Request = {}): Promise<Answer> {
    try {
      return await send<Answer>(method, path, { ...with_, shown: this.shown });
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.status === 401) {
        this.heard.signedOut('Your sign-in has ended. Sign in again to continue.');
      } else if (thrown instanceof Failure && thrown.code === 'signed_in_as_another') {
        this.heard.signedInAsAnother();
      }
      throw thrown;
    }
  }
}

/** Listener is told what responses say about the sign-in. */
interface Listener {
  /** The user is no longer signed in; `why` is a sentence. */
  signedOut(why: string): void;
  /** The browser is signed in as someone else than the page shows. */
  signedInAsAnother(): void;
}

interface Request {
  /** Whom the page shows as signed in. */
  shown?: Me | undefined;
  body?: object;
  /** Cancels the request when the user leaves the view. */
  signal?: AbortSignal;
}

async function send<Answer>(method: string, path: string, { body, signal, shown }: Request = {}): Promise<Answer> {
  const deadline = AbortSignal.timeout(requestTimeout);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(shown && { 'Signed-In-As': `${shown.user.id}.${shown.org.id}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (thrown) {
    if (signal?.aborted) {
      throw thrown; // the user has left the view, so no message is shown
    }
    throw new Failure(0, 'unreachable', 'The server does not respond. Check your connection and try again.');
  }
  if (!response.ok) {
    throw await failureOf(response);
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** Reads the problem document. A response without one comes from something in between, such as a proxy. */
async function failureOf(response: Response): Promise<Failure> {
  const type = response.headers.get('Content-Type') ?? '';
  const problem: Partial<Problem> = type.includes('json') ? await response.json().catch(() => ({})) : {};
  const unexplained = `The server could not handle the request (status ${response.status}). Try again in a minute.`;
  const detail = problem.detail ?? unexplained;
  return new Failure(response.status, problem.code ?? 'unknown', detail, problem);
}
