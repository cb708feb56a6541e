// The built page and an API that says what a test wants it to, without a server.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** Nothing listens there; every request is answered by the test. */
export const origin = 'http://localhost:1';

const dist = new URL('../dist/', import.meta.url);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
  + "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export const me = {
  user: { id: '019a0000-0000-7000-8000-000000000001', email: 'member@acme.test', name: 'Member' },
  org: { id: '019a0000-0000-7000-8000-000000000002', slug: 'acme', name: 'Acme' },
  role: 'member',
};

export const terminal = {
  id: '019a0000-0000-7000-8000-000000000003',
  name: 'terminal',
  title: 'Terminal',
  description: 'A shell in a window of its own.',
  is_public: true,
};

/** A session of the terminal; `more` overrides. */
export function session(more = {}) {
  const { id, name, title } = terminal;
  return {
    id: '019a0000-0000-7000-8000-0000000000a1',
    name: 'Terminal',
    template: { id, name, title },
    owner_id: me.user.id,
    state: 'running',
    scale: 1,
    created_at: new Date().toISOString(),
    ...more,
  };
}

/** An answer with a body. */
export function json(status, body) {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

/** A refusal. */
export function problem(status, code, detail, more = {}) {
  const body = { type: 'about:blank', title: code, status, code, detail, ...more };
  return { status, contentType: 'application/problem+json', body: JSON.stringify(body) };
}

/** The quotas of the organisation, of which `own` are the limits of desktops that its admins set, and `memory` those of memory. */
export function quotas(own = {}, memory = {}) {
  const ceiling = { per_org: 10, per_user: 3 };
  const unlimited = { used_by_org: 0, used_by_user: 0, ceiling: {}, own: {} };
  return {
    sessions: { per_org: 10, per_user: 3, used_by_org: 4, used_by_user: 1, ceiling, own },
    memory: { ...memory, used_by_org: 3072, used_by_user: 1024, ceiling: {}, own: memory },
    cpu: unlimited,
    processes: unlimited,
    disk: unlimited,
  };
}

/** FakeApi answers a page's requests from a table that a test may change at any time. */
export class FakeApi {
  /** What was asked, as `METHOD path`, with the body that came. */
  asked = [];
  /** No changes are told. */
  offline = false;
  /** Sessions that the list shows. */
  sessions = [];
  /** What happened to sessions, by their ids. */
  events = {};
  /** From `METHOD path` to an answer, or a function that gives one. */
  answers = {
    'GET /api/v1/me': () => json(200, me),
    'GET /api/v1/me/orgs': () => json(200, { items: [{ ...me.org, role: me.role }] }),
    'GET /api/v1/members': () => json(200, { items: [] }),
    'GET /api/v1/former-members': () => json(200, { items: [] }),
    'GET /api/v1/invitations': () => json(200, { items: [] }),
    'GET /api/v1/keys': () => json(200, { items: [] }),
    'GET /api/v1/settings': () => json(200, { max_key_days: 365 }),
    'GET /api/v1/quotas': () => json(200, quotas()),
    'GET /api/v1/quotas/members': () => json(200, { items: [] }),
    'GET /api/v1/agents': () => json(200, { items: [] }),
    'GET /api/v1/templates': () => json(200, { items: [terminal] }),
    'GET /api/v1/sessions': (_, { searchParams }) => json(200, {
      items: this.sessions.filter((s) => searchParams.get('active') !== 'true' || !/terminated|failed/.test(s.state)),
    }),
    'POST /api/v1/auth/logout': () => ({ status: 204 }),
  };

  /** Serves a page its files and its answers. */
  async serve(page) {
    await page.route('**/*', (route) => this.#answer(route));
    await page.routeWebSocket('**/api/v1/ws/events*', (socket) => this.#tell(socket));
    return this;
  }

  /** Says again and again that something has changed, since a test may have changed anything. */
  #tell(socket) {
    if (this.offline) {
      socket.close();
      return;
    }
    socket.send(JSON.stringify({ type: 'heartbeat', seq: 1, time: new Date().toISOString() }));
    const timer = setInterval(() => {
      if (this.offline) {
        socket.close();
        clearInterval(timer);
        return;
      }
      socket.send(JSON.stringify({ type: 'session.updated', seq: 2, time: new Date().toISOString() }));
    }, 500).unref(); // a page that is closed does not close its socket here
    socket.onClose(() => clearInterval(timer));
  }

  /** How often that was asked. */
  count(what) {
    return this.asked.filter((a) => a.what === what).length;
  }

  /** Everything a session's own paths answer while it is as given. */
  knows(s) {
    const path = `/api/v1/sessions/${s.id}`;
    let tickets = 0;
    this.answers[`GET ${path}`] = () => json(200, s);
    this.answers[`GET ${path}/events`] = () => json(200, { items: this.events[s.id] ?? [] });
    this.answers[`POST ${path}/tickets`] = () => json(201, { ticket: `secret${++tickets}`, expires_in: 30 });
    return s;
  }

  async #answer(route) {
    const request = route.request();
    const url = new URL(request.url());
    const { pathname } = url;
    if (!pathname.startsWith('/api/')) {
      return route.fulfill(await file(pathname));
    }
    const what = `${request.method()} ${pathname}`;
    this.asked.push({ what, body: request.postDataJSON() });
    const answer = this.answers[what] ?? problem(404, 'not_found', `${what} has no answer in this test`);
    return route.fulfill(typeof answer === 'function' ? await answer(request.postDataJSON(), url) : answer);
  }
}

async function file(pathname) {
  const path = ['/', '/setup', '/invitation', '/forgotten', '/new-password'].includes(pathname) ? 'index.html' : pathname.slice(1);
  const body = await readFile(new URL(path, dist));
  return { body, headers: { 'Content-Type': types[extname(path)], 'Content-Security-Policy': policy } };
}
