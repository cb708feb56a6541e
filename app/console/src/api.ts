// The API of docs/openapi.yaml. The sign-in is a cookie that no script can read, so nothing here holds a credential.
import type { components, operations } from './api.gen';

type Schemas = components['schemas'];
export type LogIn = Schemas['LogIn'];
export type Me = Schemas['Me'];
export type Problem = Schemas['Problem'];
export type Session = Schemas['Session'];
export type Template = Schemas['Template'];
export type Ticket = Schemas['Ticket'];
type SessionQuery = NonNullable<operations['listSessions']['parameters']['query']>;

/** How long an answer may take, in milliseconds, before it is given up: well over the server's own limits. */
const patience = 15_000;

/** The largest page the API gives, and how many of them are read: a list of more than 500 is not scanned by eye. */
const pageSize = 100;
const pages = 5;

/** Failure is a request that was refused, or that got no answer (status 0). Its message is a sentence for a person. */
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

/** Turns whatever was thrown into a sentence for a person. */
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
  /** `signedOut` is called with a sentence when an answer says that the user is no longer signed in. */
  constructor(private readonly signedOut: (why: string) => void) {}

  /** Sets the cookie. A 401 here is about the password, not about a sign-in that ended. */
  async logIn(body: LogIn): Promise<void> {
    await answer('POST', '/api/v1/auth/login', { body: { ...body, cookie: true } });
  }

  logOut(): Promise<void> {
    return this.ask('POST', '/api/v1/auth/logout');
  }

  /** The signed-in user, if there is one. */
  async me(): Promise<Me | undefined> {
    try {
      return await answer<Me>('GET', '/api/v1/me');
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.status === 401) {
        return undefined;
      }
      throw thrown;
    }
  }

  templates(signal: AbortSignal): Promise<Template[]> {
    return this.all<Template>('/api/v1/templates', {}, signal);
  }

  activeSessions(signal: AbortSignal): Promise<Session[]> {
    const query: SessionQuery = { active: true };
    return this.all<Session>('/api/v1/sessions', query, signal);
  }

  session(id: string, signal: AbortSignal): Promise<Session> {
    return this.ask('GET', `/api/v1/sessions/${id}`, { signal });
  }

  createSession(body: Schemas['CreateSession']): Promise<Session> {
    return this.ask('POST', '/api/v1/sessions', { body });
  }

  deleteSession(id: string): Promise<Session> {
    return this.ask('DELETE', `/api/v1/sessions/${id}`);
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
      return await answer<Answer>(method, path, with_);
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.status === 401) {
        this.signedOut('Your sign-in has ended. Sign in again to go on.');
      }
      throw thrown;
    }
  }
}

interface Request {
  body?: object;
  /** Ends the request when the view that made it is left. */
  signal?: AbortSignal;
}

async function answer<Answer>(method: string, path: string, { body, signal }: Request = {}): Promise<Answer> {
  const deadline = AbortSignal.timeout(patience);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
  } catch (thrown) {
    if (signal?.aborted) {
      throw thrown; // the view is gone: there is no one to tell
    }
    throw new Failure(0, 'unreachable', 'The server does not answer. Check your connection and try again.');
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** Reads the problem document; an answer without one comes from something in between, such as a proxy. */
async function refusal(response: Response): Promise<Failure> {
  const type = response.headers.get('Content-Type') ?? '';
  const problem: Partial<Problem> = type.includes('json') ? await response.json().catch(() => ({})) : {};
  const detail = problem.detail ?? `The server answered with status ${response.status}.`;
  return new Failure(response.status, problem.code ?? 'unknown', detail, problem);
}
