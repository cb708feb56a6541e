// What the page shows in each state of the world, with an API that is made to be in it. The page must be built.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findings } from './axe.mjs';
import { launch, open, painted, refused, scriptsSee, unexpected } from './browser.mjs';
import { FakeApi, json, me, origin, problem, quotas, session, terminal } from './fakeapi.mjs';
import { serve, streams } from './fakedesktop.mjs';

const screenshots = process.env.STREAMSPACE_SCREENSHOTS;

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A test with a page and an API of its own; `provoked` are patterns of the errors that it makes the page report. */
function state(name, provoked, fn) {
  test(name, { timeout: 60_000 }, async () => {
    const page = await open(browser);
    try {
      const api = await new FakeApi().serve(page);
      await fn(page, api);
      assert.deepEqual(unexpected(page, ...provoked), [], 'errors in the page');
      await picture(page, name);
      assert.deepEqual(await findings(page), [], 'hard to use by keyboard, by screen reader or with weak eyes');
    } finally {
      await page.context().close();
    }
  });
}

/** Takes the page's picture in light and dark, if STREAMSPACE_SCREENSHOTS names a folder for them. */
async function picture(page, name) {
  for (const colorScheme of screenshots === undefined ? [] : ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const path = join(screenshots, `${name.replaceAll(/\W+/g, '-')}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
  }
}

const signedOut = () => problem(401, 'no_credential', 'sign in first');
const button = (page, name) => page.getByRole('button', { name, exact: true });

async function fillIn(page, password = 'right') {
  await page.getByLabel('Email').fill('member@acme.test');
  await page.getByLabel('Password').fill(password);
  await button(page, 'Sign in').click();
}

state('a wrong password is answered by the sentence of the API', [refused(401, '/api/v1/')], async (page, api) => {
  api.answers['GET /api/v1/me'] = signedOut;
  api.answers['POST /api/v1/auth/login'] = () => problem(401, 'bad_login', 'the email or the password is wrong');
  await page.goto(origin);
  await fillIn(page, 'wrong');
  await page.getByText('The email or the password is wrong.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
});

state('a new installation is set up with its code, once', [refused(403, '/setup'), refused(401, '/me')], async (page, api) => {
  api.answers['GET /api/v1/me'] = signedOut;
  api.answers['POST /api/v1/setup'] = (body) => (body.code === 'the code'
    ? { status: 204 }
    : problem(403, 'setup_code_invalid', 'the setup code is wrong, used or expired'));
  await page.goto(`${origin}/setup#wrong`);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'org-name', 'the code of the address is taken');
  await page.getByLabel('Organisation').fill('Acme GmbH');
  assert.equal(await page.getByLabel('Short name').inputValue(), 'acme-gmbh');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Email').fill('ada@acme.test');
  await page.getByLabel('Password').fill('right');
  await button(page, 'Set up').click();
  await page.getByText('The setup code is wrong, used or expired.').waitFor();
  await page.getByLabel('Setup code').fill('the code');
  await button(page, 'Set up').click();
  await page.getByText('Your organisation is ready. Sign in.').waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
  assert.deepEqual(api.asked.find((a) => a.body?.code === 'the code')?.body, {
    code: 'the code',
    org: { slug: 'acme-gmbh', name: 'Acme GmbH' },
    owner: { email: 'ada@acme.test', name: 'Ada', password: 'right' },
  });
});

const secret = 's'.repeat(43);
const offer = (more = {}) => json(200, {
  org: 'Acme', slug: 'acme', email: 'new@acme.test', role: 'admin', has_account: false, ...more,
});

state('an invitation makes an account, which is signed in', [], async (page, api) => {
  api.answers['POST /api/v1/invitations/look'] = () => offer();
  api.answers['POST /api/v1/invitations/accept'] = () => ({ status: 204 });
  api.answers['POST /api/v1/auth/login'] = () => ({ status: 204 });
  await page.goto(`${origin}/invitation#${secret}`);
  await page.getByRole('heading', { name: 'Join Acme' }).waitFor();
  await page.getByText('You are invited as an admin, with the address new@acme.test.').waitFor();
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Password').fill('right');
  await button(page, 'Join').click();
  await page.getByText('No desktop is running.').waitFor();
  assert.equal(page.url(), `${origin}/`, 'the secret left the address');
  const asked = (what) => api.asked.find((a) => a.what === `POST /api/v1/${what}`)?.body;
  assert.deepEqual(asked('invitations/look'), { secret });
  assert.deepEqual(asked('invitations/accept'), { secret, email: 'new@acme.test', name: 'Ada', password: 'right' });
  assert.deepEqual(asked('auth/login'), { email: 'new@acme.test', password: 'right', org: 'acme', cookie: true });
});

state('an invitation asks for the password of an account', [refused(401, '/accept'), refused(429, '/login'), refused(401, '/me')],
  async (page, api) => {
    api.answers['GET /api/v1/me'] = signedOut;
    api.answers['POST /api/v1/invitations/look'] = () => offer({ role: 'viewer', has_account: true });
    api.answers['POST /api/v1/invitations/accept'] = (body) => (body.password === 'right' && !('name' in body)
      ? { status: 204 }
      : problem(401, 'invalid_credentials', 'the password is wrong'));
    api.answers['POST /api/v1/auth/login'] = () => problem(429, 'too_many_logins', 'too many sign-in attempts');
    await page.goto(`${origin}/invitation#${secret}`);
    await page.getByText('You are invited as a viewer').waitFor();
    assert.equal(await page.getByLabel('Your name').count(), 0);
    await page.getByLabel('Password').fill('wrong');
    await button(page, 'Join').click();
    await page.getByText('The password is wrong.').waitFor();
    await page.getByLabel('Password').fill('right');
    await button(page, 'Join').click();
    await page.getByText('You are a member of Acme now. Too many sign-in attempts.').waitFor();
    await button(page, 'Sign in').waitFor();
  });

state('an invitation that was used says so, and one that cannot be read can be tried again', [refused(403, '/look'), refused(503, '/look')],
  async (page, api) => {
    api.answers['POST /api/v1/invitations/look'] = () => problem(503, 'busy', 'the database is busy');
    await page.goto(`${origin}/invitation#${secret}`);
    await page.getByText('The database is busy.').waitFor();
    api.answers['POST /api/v1/invitations/look'] = () => problem(403, 'invitation_invalid', 'this invitation was used');
    await button(page, 'Try again').click();
    await page.getByRole('heading', { name: 'This invitation cannot be used' }).waitFor();
    await page.getByText('This invitation was used.').waitFor();
    assert.equal(await button(page, 'Try again').count(), 0);
  });

state('a forgotten password is asked for and replaced', [refused(401, '/me'), refused(429, '/forgot'), refused(403, '/reset')],
  async (page, api) => {
    api.answers['GET /api/v1/me'] = signedOut;
    api.answers['POST /api/v1/auth/forgot'] = () => problem(429, 'too_many_mails', 'too many messages to this address');
    await page.goto(origin);
    await page.getByRole('link', { name: 'Forgotten password?' }).click();
    await page.getByLabel('Email').fill('ada@acme.test');
    await button(page, 'Send the link').click();
    await page.getByText('Too many messages to this address.').waitFor();
    api.answers['POST /api/v1/auth/forgot'] = () => ({ status: 204 });
    await button(page, 'Send the link').click();
    await page.getByText('If the address is known to be yours, a link is on its way.').waitFor();
    await page.getByText('ask whoever operates this installation').waitFor();

    api.answers['POST /api/v1/auth/reset'] = (body) => (body.secret === secret
      ? { status: 204 }
      : problem(403, 'reset_link_invalid', 'this link was used'));
    await page.goto(`${origin}/new-password#used`);
    await page.getByLabel('New password').fill('right');
    await button(page, 'Set the password').click();
    await page.getByText('This link was used.').waitFor();
    await page.getByRole('link', { name: 'Ask for a new link' }).waitFor();
    await page.goto('about:blank');
    await page.goto(`${origin}/new-password#${secret}`);
    await page.getByLabel('New password').fill('right');
    await button(page, 'Set the password').click();
    await page.getByText('Your password is set. Sign in.').waitFor();
    assert.equal(page.url(), `${origin}/`);
    assert.deepEqual(api.asked.findLast((a) => a.what === 'POST /api/v1/auth/reset').body, { secret, password: 'right' });
  });

const choosing = [refused(401, '/me'), refused(409, '/login')];
state('someone of several organisations chooses one', choosing, async (page, api) => {
  let signedIn = false;
  api.answers['GET /api/v1/me'] = () => (signedIn ? json(200, me) : signedOut());
  api.answers['POST /api/v1/auth/login'] = (body) => {
    signedIn = body.org === 'globex';
    return signedIn
      ? { status: 204 }
      : problem(409, 'org_required', 'name an organisation', { orgs: ['acme', 'globex'] });
  };
  await page.goto(origin);
  await fillIn(page);
  await page.getByLabel('Organisation').selectOption('globex');
  await button(page, 'Sign in').click();
  await page.getByText('member@acme.test').waitFor();
  assert.deepEqual(api.asked.find((a) => a.body?.org)?.body, {
    email: 'member@acme.test', password: 'right', cookie: true, org: 'globex',
  });
  assert.deepEqual(await scriptsSee(page), [0, 0, '']);
});

state('the list says that it is offline, and goes on by itself', [], async (page, api) => {
  await page.goto(`${origin}/`);
  await page.getByText('No desktop is running.').waitFor();
  api.offline = true;
  await page.getByText('The connection was lost. Connecting again…').waitFor();
  api.offline = false;
  api.sessions = [session({ name: 'Meanwhile' })];
  await page.getByText('Meanwhile', { exact: true }).waitFor();
  await page.getByText('The connection was lost.').waitFor({ state: 'detached' });
});

state('the list tells loading, empty and out of date apart', [refused(503, '/sessions')], async (page, api) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  api.answers['GET /api/v1/sessions'] = async () => { await held; return json(200, { items: [] }); };
  await page.goto(origin);
  await page.getByText('Loading…').waitFor();
  release();
  await page.getByText('No desktop is running.').waitFor();
  api.answers['GET /api/v1/sessions'] = () => problem(503, 'unavailable', 'the database is busy');
  await page.getByText('The list may be out of date. The database is busy.').waitFor();
  api.answers['GET /api/v1/sessions'] = () => json(200, { items: [session({ state: 'starting' })] });
  await page.getByText('Starting').waitFor();
  await page.getByText('The list may be out of date.').waitFor({ state: 'detached' });
});

state('a server that is away is told and can be tried again', [/ERR_FAILED/], async (page, api) => {
  const down = (route) => route.abort();
  await page.route('**/api/v1/me', down);
  await page.goto(origin);
  await page.getByText('The server does not respond.').waitFor();
  await page.unroute('**/api/v1/me', down);
  await button(page, 'Try again').click();
  await page.getByText('No desktop is running.').waitFor();
  assert.equal(api.count('GET /api/v1/me'), 1);
});

state('a refused launch names the quota and its limit', [refused(409, '/sessions')], async (page, api) => {
  api.answers['POST /api/v1/sessions'] = () =>
    problem(409, 'quota_exceeded', 'quota exceeded', { kind: 'sessions', holder: 'org', limit: 5 });
  await page.goto(origin);
  await button(page, 'Launch Terminal').click();
  await page.getByText('Your organisation can have at most 5 active desktops.').waitFor();
  assert.ok(await button(page, 'Launch Terminal').isEnabled(), 'the button can be tried again');
});

state('a refused launch names the memory that is used and needed', [refused(409, '/sessions')], async (page, api) => {
  api.answers['POST /api/v1/sessions'] = () => problem(409, 'quota_exceeded', 'quota exceeded', {
    kind: 'memory', holder: 'user', limit: 4096, used: 3072, asked: 2048,
  });
  await page.goto(origin);
  await button(page, 'Launch Terminal').click();
  await page.getByText('You can use at most 4096 MiB of memory and use 3072. This desktop needs 2048.').waitFor();
});

state('a refused launch says what a template does not state', [refused(409, '/sessions')], async (page, api) => {
  api.answers['POST /api/v1/sessions'] = () => problem(409, 'template_without_limit', 'no limit', { kind: 'disk' });
  await page.goto(origin);
  await button(page, 'Launch Terminal').click();
  await page.getByText('Your organisation has a limit of disk space, and this template does not say').waitFor();
});

state('a viewer is offered no launch and no terminate', [], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, { ...me, role: 'viewer' });
  api.sessions = [session({ owner_id: terminal.id })];
  await page.goto(origin);
  await page.getByText('Viewers cannot launch desktops').waitFor();
  await page.getByText('another member’s').waitFor();
  assert.equal(await page.getByRole('button', { name: /Launch|Terminate/ }).count(), 0);
});

state('a sign-in that ended leads to the form, and the form back', [refused(401, '/sessions')], async (page, api) => {
  const s = api.knows(session({ state: 'terminated', reason: 'agent_away' }));
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByText('the computer that ran it stopped responding').waitFor();
  api.answers[`GET /api/v1/sessions/${s.id}`] = signedOut;
  await page.reload();
  await page.getByText('Your sign-in has ended.').waitFor();
  api.knows(s);
  api.answers['POST /api/v1/auth/login'] = () => ({ status: 204 });
  await fillIn(page);
  await page.getByText('the computer that ran it stopped responding').waitFor();
});

state('terminate asks first, and Escape keeps the session', [], async (page, api) => {
  const s = session();
  api.sessions = [s];
  api.answers[`DELETE /api/v1/sessions/${s.id}`] = () => {
    api.sessions = [];
    return json(200, { ...s, state: 'terminated' });
  };
  await page.goto(origin);
  await button(page, 'Terminate Terminal').click();
  await page.keyboard.press('Escape');
  assert.equal(api.count(`DELETE /api/v1/sessions/${s.id}`), 0);
  await button(page, 'Terminate Terminal').click();
  await button(page, 'Terminate').click();
  await page.getByText('No desktop is running.').waitFor();
  assert.equal(api.count(`DELETE /api/v1/sessions/${s.id}`), 1);
});

state('a launch goes to the desktop, a lost one connects again by itself with a new ticket', [], async (page, api) => {
  const s = api.knows(session({ state: 'pending' }));
  const opened = [];
  let answer;
  const starts = new Promise((resolve) => { answer = resolve; });
  await streams(page, async (ws) => {
    opened.push(ws);
    await starts;
    serve(ws);
  });
  api.answers['POST /api/v1/sessions'] = () => json(201, s);
  await page.goto(origin);
  await button(page, 'Launch Terminal').click();
  await page.getByText('Starting the desktop…').waitFor();
  s.state = 'running';
  answer();
  await painted(page);
  await page.getByText('Running').waitFor();
  await opened[0].close({ code: 1001 });
  await page.waitForFunction(() => document.querySelector('.screen canvas') === null);
  await painted(page);
  assert.deepEqual(opened.map((ws) => ws.protocols()), [['binary', 'ticket.secret1'], ['binary', 'ticket.secret2']]);
  assert.equal(new URL(opened[0].url()).pathname, `/api/v1/sessions/${s.id}/stream`);
  assert.doesNotMatch(page.url() + opened.map((ws) => ws.url()).join(), /secret/);
});

state('a desktop that falls silent is shown as lost within ten seconds', [/Failed|timed out|WebSocket/], async (page, api) => {
  const s = api.knows(session());
  const opened = [];
  let away = false;
  await streams(page, (ws) => {
    opened.push(ws);
    if (!away) {
      serve(ws);
    }
  });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  await page.waitForTimeout(9000); // longer than a desktop may be silent: this one is idle, and answers
  assert.equal(opened.length, 1);
  away = true;
  opened[0].silent = true;
  await page.getByText('Not connected').waitFor({ timeout: 10_000 });
  assert.equal(await page.getByText('Running').count(), 0);
  assert.equal(await button(page, 'Full screen').count(), 0);
  away = false;
  await painted(page);
  await page.getByText('Running').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'TEXTAREA');
});

const away = [/ERR_FAILED/, /WebSocket/, /Failed/];
state('a server that is away is tried again, and at once when the network is back', away, async (page, api) => {
  const s = api.knows(session());
  const opened = [];
  await streams(page, (ws) => {
    opened.push(ws);
    serve(ws);
  });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  const gone = (route) => route.abort();
  await page.route('**/api/**', gone);
  await opened[0].close({ code: 1011 });
  await page.getByRole('heading', { name: 'The server does not respond' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.className), 'overlay', 'the focus is not lost');
  await page.waitForTimeout(7000); // by now it waits for seconds between two attempts
  await page.unroute('**/api/**', gone);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await page.waitForFunction(() => document.querySelector('.screen canvas') !== null, undefined, { timeout: 1500 });
  await painted(page);
});

state('access that is gone stops the attempts', [refused(403, '/sessions')], async (page, api) => {
  const s = api.knows(session());
  const opened = [];
  await streams(page, (ws) => {
    opened.push(ws);
    serve(ws);
  });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  api.answers[`GET /api/v1/sessions/${s.id}`] = problem(403, 'other_org', 'this session is another organisation’s');
  await opened[0].close({ code: 4403 });
  await page.getByRole('heading', { name: 'This desktop cannot be opened' }).waitFor();
  const asked = api.asked.length;
  await page.waitForTimeout(2000);
  assert.equal(api.asked.length, asked);
});

state('a session that failed says why and offers no reconnect', [/Failed when connecting/], async (page, api) => {
  const s = api.knows(session());
  await streams(page, (ws) => {
    Object.assign(s, { state: 'failed', reason: 'command_not_found' });
    void ws.close({ code: 1011 });
  });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByRole('heading', { name: 'The desktop could not be started' }).waitFor();
  await page.getByText('the program of this template is not installed').waitFor();
  assert.equal(await button(page, 'Try now').count(), 0);
  await button(page, 'Back to desktops').click();
  await page.getByText('No desktop is running.').waitFor();
});

state('a desktop that has ended is launched again', [refused(409, '/sessions')], async (page, api) => {
  const s = api.knows(session({ state: 'terminated', reason: 'desktop_exited' }));
  const next = api.knows(session({ id: terminal.id, state: 'failed', reason: 'no_room', owner_id: terminal.id }));
  api.answers['POST /api/v1/sessions'] = () =>
    problem(409, 'quota_exceeded', 'quota exceeded', { kind: 'sessions', holder: 'user', limit: 1 });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await button(page, 'Launch again').click();
  await page.getByText('You can have at most 1 active desktop.').waitFor();
  api.answers['POST /api/v1/sessions'] = (body) => json(201, { ...next, name: body.name });
  await button(page, 'Launch again').click();
  await page.getByText('all computers were full').waitFor();
  assert.deepEqual(api.asked.findLast((a) => a.what === 'POST /api/v1/sessions').body, {
    template: s.template.id, name: s.name,
  });
  assert.equal(await button(page, 'Launch again').count(), 0, "another member's is not one's own to launch");
});

const focused = (page) => page.evaluate(() => document.activeElement !== document.body);

state('a desktop that an admin ends says who did it, and what it waits for', [], async (page, api) => {
  const s = api.knows(session());
  const opened = [];
  await streams(page, (ws) => {
    opened.push(ws);
    serve(ws);
  });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  api.answers['GET /api/v1/members'] = () => json(200, { items: people });
  api.events[s.id] = [{ at: s.created_at, type: 'created' }, { at: s.created_at, type: 'terminating', by: people[1].id }];
  s.state = 'terminating';
  await opened[0].close({ code: 4410 });
  await page.getByRole('heading', { name: 'The desktop is ending…' }).waitFor();
  await page.getByText('Ada ended it. Its programs are being stopped.').waitFor();
  assert.ok(await focused(page), 'the focus is not lost');
  assert.equal(await page.getByRole('button', { name: /Full screen|Terminate/ }).count(), 0);
  Object.assign(s, { state: 'terminated', ended_at: new Date().toISOString() });
  await page.getByRole('heading', { name: 'The desktop has ended' }).waitFor();
  await page.getByText('Ada ended it.', { exact: true }).waitFor();
  await button(page, 'Launch again').waitFor();
  assert.ok(await focused(page), 'the focus is not lost');
});

state('a desktop whose computer is silent says so, and connects when it answers', [/code: 1011/], async (page, api) => {
  const s = api.knows(session({ host_silent_since: new Date(Date.now() - 90_000).toISOString() }));
  api.sessions = [s];
  let answers = false;
  await streams(page, (ws) => (answers ? serve(ws) : ws.close({ code: 1011 })));
  await page.goto(origin);
  await page.getByText('its computer is not answering').waitFor();
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByRole('heading', { name: 'The computer of this desktop is not answering' }).waitFor();
  await page.getByText('The desktop may still be running there.').waitFor();
  answers = true;
  delete s.host_silent_since;
  await painted(page);
});

state('a desktop that never started can be tried again, and shows what its programs wrote', [], async (page, api) => {
  const s = api.knows(session({ state: 'failed', reason: 'desktop_exited', detail: 'cannot open display' }));
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByRole('heading', { name: 'The desktop could not be started' }).waitFor();
  await page.getByText('cannot open display').waitFor();
  await button(page, 'Try again').waitFor();
  assert.equal(await button(page, 'Launch again').count(), 0);
});

state('an admin sees whose desktop it is', [], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  const s = api.knows(session({ owner_id: people[1].id, owner_name: 'Ada' }));
  await streams(page, serve);
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  await page.getByText('of Ada', { exact: true }).waitFor();
});

state('a session that ends stays in the list with its reason, and the focus stays near', [], async (page, api) => {
  const s = session();
  api.sessions = [s];
  api.answers[`DELETE /api/v1/sessions/${s.id}`] = () => {
    s.state = 'terminating';
    return json(202, s);
  };
  await page.goto(origin);
  await button(page, 'Terminate Terminal').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByText('Ending', { exact: true }).waitFor();
  assert.ok(await focused(page), 'the focus is not lost');
  Object.assign(s, { state: 'failed', reason: 'agent_away', ended_at: new Date().toISOString() });
  const gone = page.getByRole('region', { name: 'Recently ended' });
  await gone.getByText('Ended just now · the computer that ran it stopped responding').waitFor();
  await gone.getByText('Failed').waitFor();
  assert.ok(await focused(page), 'the focus is not lost');
  api.answers['POST /api/v1/sessions'] = () => json(201, api.knows(session({ id: terminal.id, state: 'pending' })));
  await gone.getByRole('button', { name: 'Launch again: Terminal' }).click();
  await page.waitForURL(`**/#/sessions/${terminal.id}`);
});

state('a desktop uses the dark colours in a light scheme, the page around it the light ones', [], async (page, api) => {
  const grounds = (name) => page.locator(name).evaluate((element) => {
    const { backgroundColor, colorScheme } = getComputedStyle(element);
    return [backgroundColor, colorScheme];
  });
  const s = api.knows(session({ state: 'failed', reason: 'desktop_gone' }));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByRole('heading', { name: 'The desktop has failed' }).waitFor();
  assert.deepEqual(await grounds('html'), ['rgb(245, 246, 248)', 'light dark']);
  const dark = ['rgb(14, 17, 22)', 'dark'];
  assert.deepEqual(await grounds('.desktop'), dark);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await grounds('.desktop'), dark);
  assert.equal((await grounds('html'))[0], dark[0]);
});

state('a session of another organisation is refused in words', [refused(403, '/sessions')], async (page, api) => {
  const s = session();
  const refusal = problem(403, 'other_org', 'this session is another organisation’s');
  api.answers[`GET /api/v1/sessions/${s.id}`] = refusal;
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await page.getByText('This session is another organisation’s.').waitFor();
});

// The clock leaps over the time that a socket takes to close.
state('the list rests while a desktop is in the foreground', [/Disconnection timed out/], async (page, api) => {
  const s = api.knows(session());
  api.sessions = [s];
  await streams(page, serve);
  await page.clock.install();
  await page.goto(origin);
  await button(page, 'Open Terminal').click();
  await painted(page);
  const before = api.count('GET /api/v1/sessions');
  await page.clock.runFor(20_000);
  assert.equal(api.count('GET /api/v1/sessions'), before);
  await page.goBack();
  await button(page, 'Open Terminal').waitFor();
  await page.clock.runFor(5000);
  assert.ok(api.count('GET /api/v1/sessions') > before, 'the list is followed again');
});

state('Ctrl, Alt and Shift together take the keyboard out of the desktop', [], async (page, api) => {
  const s = api.knows(session());
  await streams(page, serve);
  await page.goto(`${origin}/#/sessions/${s.id}`);
  await painted(page);
  const focused = () => page.evaluate(() => document.activeElement.textContent || document.activeElement.tagName);
  assert.equal(await focused(), 'TEXTAREA');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'TEXTAREA');
  await page.keyboard.press('Control+Alt+Shift+T');
  assert.equal(await focused(), 'TEXTAREA');
  await page.keyboard.press('Control+Alt+Shift');
  assert.equal(await focused(), 'Desktops');
});

const signIn = (more = {}) => ({
  id: '019a0000-0000-4000-8000-0000000000b1',
  created_at: new Date().toISOString(),
  ends_at: new Date(Date.now() + 3_600_000).toISOString(),
  address: '192.0.2.7',
  browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  current: false,
  ...more,
});
const here = signIn({ id: '019a0000-0000-4000-8000-0000000000b2', browser: 'curl/8.14.1', current: true });

state('one ends a sign-in, and all others', [refused(503, '/sign-ins')], async (page, api) => {
  const other = signIn();
  let all = [here, other];
  api.answers['GET /api/v1/me/sign-ins'] = () => problem(503, 'unavailable', 'the database is busy');
  await page.goto(origin);
  await button(page, 'My access').click();
  await page.getByText('The sign-ins could not be loaded. The database is busy.').waitFor();
  api.answers['GET /api/v1/me/sign-ins'] = () => json(200, { items: all });
  await button(page, 'Try again').click();
  await page.getByText('Firefox on Linux').waitFor();
  await page.getByText('192.0.2.7 · signed in just now').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^End / }).count(), 1, 'the present one has no end here');
  api.answers[`DELETE /api/v1/me/sign-ins/${other.id}`] = () => { all = [here]; return { status: 204 }; };
  await page.getByRole('button', { name: /^End Firefox on Linux/ }).click();
  await button(page, 'End').click();
  await page.getByText('You are signed in nowhere else.').waitFor();
  api.answers['DELETE /api/v1/me/sign-ins'] = () => problem(503, 'unavailable', 'the database is busy');
  await page.getByRole('button', { name: /^Sign out everywhere else/ }).click();
  await page.getByRole('group').getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('The database is busy.').waitFor();
  await page.getByText('curl/8.14.1').waitFor();
  await button(page, 'Back to desktops').click();
  await page.getByText('No desktop is running.').waitFor();
});

state('a change of the password asks for the present one', [refused(403, '/password')], async (page, api) => {
  api.answers['GET /api/v1/me/sign-ins'] = () => json(200, { items: [here] });
  api.answers['POST /api/v1/me/password'] = (body) => (body.current_password === 'right'
    ? { status: 204 }
    : problem(403, 'wrong_password', 'your present password is not the one you entered'));
  await page.goto(`${origin}/#/access`);
  await page.getByLabel('Present password').fill('wrong');
  await page.getByLabel('New password').fill('another');
  await button(page, 'Change password').click();
  await page.getByText('Your present password is not the one you entered.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'current-password');
  await page.getByLabel('Present password').fill('right');
  await button(page, 'Change password').click();
  await page.getByText('Your password has changed.').waitFor();
  assert.equal(await page.getByLabel('New password').inputValue(), '');
  assert.deepEqual(api.asked.findLast((a) => a.what === 'POST /api/v1/me/password').body, {
    current_password: 'right', new_password: 'another',
  });
});

state('a member of several organisations goes from one to another', [refused(403, '/switch')], async (page, api) => {
  const globex = { id: terminal.id, slug: 'globex', name: 'Globex' };
  const orgs = [{ ...me.org, role: 'member' }, { ...globex, role: 'viewer' }];
  api.answers['GET /api/v1/me/orgs'] = () => json(200, { items: orgs });
  api.answers['POST /api/v1/auth/switch'] = () => problem(403, 'not_your_org', 'you cannot sign in to this organisation');
  await page.goto(origin);
  const choice = page.getByLabel('Organisation');
  assert.equal(await choice.inputValue(), 'acme');
  await choice.selectOption('globex');
  await page.getByText('You cannot sign in to this organisation.').waitFor();
  assert.equal(await choice.inputValue(), 'acme');
  api.answers['POST /api/v1/auth/switch'] = () => {
    api.answers['GET /api/v1/me'] = () => json(200, { ...me, org: globex, role: 'viewer' });
    return { status: 204 };
  };
  await choice.selectOption('globex');
  await page.getByText('member@acme.test · viewer').waitFor();
  await page.getByText('Viewers cannot launch desktops').waitFor();
  assert.deepEqual(api.asked.findLast((a) => a.what === 'POST /api/v1/auth/switch').body, { org: 'globex', cookie: true });
});

const admin = { ...me, role: 'admin' };
const people = [
  { id: me.user.id, email: me.user.email, name: 'Member', role: 'admin', since: new Date().toISOString() },
  { id: '019a0000-0000-7000-8000-0000000000b1', email: 'ada@acme.test', name: 'Ada', role: 'owner', since: new Date().toISOString() },
  {
    id: '019a0000-0000-7000-8000-0000000000b2', email: 'ops@example.test', name: 'Operator', role: 'viewer',
    since: new Date().toISOString(), ends_at: new Date(Date.now() + 3_600_000).toISOString(), reason: 'the desktop is slow',
  },
  { id: '019a0000-0000-7000-8000-0000000000b3', email: 'bob@acme.test', name: 'Bob', role: 'member', since: new Date().toISOString() },
];

state('a member sees who is in the organisation, and changes nothing', [], async (page, api) => {
  api.answers['GET /api/v1/members'] = () => json(200, { items: people });
  await page.goto(`${origin}/`);
  await button(page, 'Members').click();
  await page.getByText('let in by an operator until').waitFor();
  await page.getByText('the desktop is slow').waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Role of Bob' }).count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Remove Bob' }).count(), 0);
  assert.equal(await page.getByText('Invite someone').count(), 0);
});

state('an admin changes a role, and is told why another is refused', [refused(409, '/members/')], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  const bob = people[3];
  const listed = people.slice();
  api.answers['GET /api/v1/members'] = () => json(200, { items: listed });
  api.answers[`PATCH /api/v1/members/${bob.id}`] = (body) => {
    listed[3] = { ...bob, role: body.role };
    return json(200, listed[3]);
  };
  api.answers[`DELETE /api/v1/members/${bob.id}`] = () => problem(409, 'last_owner', 'an organisation keeps at least one owner');
  await page.goto(`${origin}/#/members`);
  const role = page.getByRole('combobox', { name: 'Role of Bob' });
  assert.equal(await role.inputValue(), 'member');
  assert.equal(await page.getByRole('combobox', { name: 'Role of Ada' }).count(), 0, 'an admin changes no owner');
  assert.deepEqual(await role.locator('option').allInnerTexts(), ['Admin', 'Member', 'Viewer']);
  await role.selectOption('viewer');
  await page.getByText('Bob is viewer now.').waitFor({ state: 'attached' });
  assert.equal(await page.getByRole('combobox', { name: 'Role of Bob' }).inputValue(), 'viewer');
  await page.getByRole('button', { name: 'Remove Bob' }).click();
  await button(page, 'Remove').click();
  await page.getByText('An organisation keeps at least one owner.').waitFor();
});

state('an admin invites someone, and is given the link where there is no mail', [], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  api.answers['GET /api/v1/members'] = () => json(200, { items: people });
  const open = [];
  api.answers['GET /api/v1/invitations'] = () => json(200, { items: open });
  api.answers['POST /api/v1/invitations'] = (body) => {
    open.push({
      id: '019a0000-0000-7000-8000-0000000000c1', ...body, by_mail: false, invited_by: me.user.id,
      created_at: new Date().toISOString(), ends_at: new Date(Date.now() + 604_800_000).toISOString(),
    });
    return json(201, { ...open[0], link: `${origin}/invitation#secret` });
  };
  api.answers[`DELETE /api/v1/invitations/${'019a0000-0000-7000-8000-0000000000c1'}`] = () => {
    open.pop();
    return { status: 204 };
  };
  await page.goto(`${origin}/#/members`);
  await page.getByText('No invitation is open.').waitFor();
  await page.getByLabel('Email').fill('new@example.test');
  await page.getByLabel('Role', { exact: true }).selectOption('viewer');
  await button(page, 'Invite').click();
  assert.equal(await page.getByLabel('Link of the invitation').inputValue(), `${origin}/invitation#secret`);
  await page.getByText('new@example.test', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Revoke the invitation of new@example.test' }).click();
  await button(page, 'Revoke').click();
  await page.getByText('No invitation is open.').waitFor();
});

state('an admin takes over the session of a member who has left', [], async (page, api) => {
  const bob = people[3];
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  api.answers['GET /api/v1/members'] = () => json(200, { items: people.slice(0, 3) });
  api.answers['GET /api/v1/former-members'] = () => json(200, {
    items: [{ id: bob.id, email: bob.email, name: bob.name, left_at: new Date().toISOString() }],
  });
  api.sessions = [session({ owner_id: bob.id })];
  api.answers[`POST /api/v1/sessions/${api.sessions[0].id}/take-over`] = () => {
    api.sessions = [session()];
    return json(200, api.sessions[0]);
  };
  await page.goto(origin);
  await page.getByText('of Bob, who has left').waitFor();
  await page.getByRole('button', { name: 'Take over Terminal' }).click();
  await page.getByText('of Bob, who has left').waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('button', { name: 'Take over Terminal' }).count(), 0);
});

const key = (more = {}) => ({
  id: '019a0000-0000-7000-8000-0000000000c1',
  name: 'Build server',
  owner_id: me.user.id,
  owner_name: 'Member',
  scopes: ['session.read', 'session.create'],
  created_at: new Date().toISOString(),
  ends_at: new Date(Date.now() + 90 * 86_400_000).toISOString(),
  ...more,
});

state('an API key is made, replaced and revoked', [refused(409, '/keys')], async (page, api) => {
  let all = [];
  api.answers['GET /api/v1/me/sign-ins'] = () => json(200, { items: [here] });
  api.answers['GET /api/v1/keys'] = () => json(200, { items: all });
  api.answers['POST /api/v1/keys'] = () => problem(409, 'too_many_keys', 'you have 50 API keys');
  await page.goto(`${origin}/#/access`);
  await page.getByText('You have no API key.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Build server');
  await page.getByLabel('See who you are').uncheck();
  await button(page, 'Create key').click();
  await page.getByText('Choose what the key may do.').waitFor();
  await page.getByLabel('Launch desktops').check();
  await page.getByLabel('Lasts').selectOption('30');
  await button(page, 'Create key').click();
  await page.getByText('You have 50 API keys.').waitFor();
  api.answers['POST /api/v1/keys'] = (body) => {
    all = [key()];
    return json(201, { id: key().id, name: body.name, scopes: body.scopes, ends_at: key().ends_at, token: 'ss_first' });
  };
  await button(page, 'Create key').click();
  assert.equal(await page.getByLabel('Token of Build server').inputValue(), 'ss_first');
  assert.deepEqual(api.asked.findLast((a) => a.what === 'POST /api/v1/keys').body, {
    name: 'Build server', scopes: ['session.create'], expires_in_days: 30,
  });
  await page.getByText('never used').waitFor();
  api.answers[`POST /api/v1/keys/${key().id}/rotate`] = () => {
    all = [key({ id: '019a0000-0000-7000-8000-0000000000c2' }), key({ used_at: new Date().toISOString() })];
    return json(201, { id: all[0].id, name: 'Build server', scopes: key().scopes, ends_at: key().ends_at, token: 'ss_second' });
  };
  await button(page, 'Replace Build server').click();
  await button(page, 'Replace').click();
  await page.getByText('last used just now').waitFor();
  assert.equal(await page.getByLabel('Token of Build server').inputValue(), 'ss_second');
  api.answers[`DELETE /api/v1/keys/${key().id}`] = () => { all = all.slice(0, 1); return { status: 204 }; };
  await page.getByRole('button', { name: 'Revoke Build server' }).last().click();
  await button(page, 'Revoke').click();
  await page.getByText('last used just now').waitFor({ state: 'detached' });
  await page.getByText('never used').waitFor();
});

state('a member sees the limits of desktops, and changes none', [], async (page) => {
  await page.goto(`${origin}/#/members`);
  await page.getByText('The organisation has 4 of 10 desktops. You have 1 of 3.').waitFor();
  assert.equal(await page.getByLabel('Desktops of each member').count(), 0);
});

state('a member sees the limits of memory', [], async (page, api) => {
  api.answers['GET /api/v1/quotas'] = () => json(200, quotas({}, { per_org: 4096 }));
  await page.goto(`${origin}/#/members`);
  await page.getByText('The organisation uses 3072 of 4096 MiB of memory. You use 1024.').waitFor();
});

state('an admin limits memory, and removes the limit', [], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  api.answers['PUT /api/v1/quotas'] = (body) => json(200, quotas(body.sessions, body.memory));
  await page.goto(`${origin}/#/members`);
  await page.getByText('The organisation has 4 of 10 desktops.').waitFor();
  const memory = page.getByLabel('Memory of the organisation');
  assert.equal(await memory.getAttribute('placeholder'), 'no limit');
  await memory.fill('4096');
  await button(page, 'Save limits').click();
  await page.getByText('The organisation uses 3072 of 4096 MiB of memory.').waitFor();
  const unlimited = { cpu: {}, processes: {}, disk: {} };
  assert.deepEqual(api.asked.findLast((a) => a.what === 'PUT /api/v1/quotas').body,
    { sessions: {}, memory: { per_org: 4096 }, ...unlimited });
  await memory.fill('');
  await button(page, 'Save limits').click();
  await page.getByText('The organisation uses 3072 of 4096 MiB of memory.').waitFor({ state: 'detached' });
  assert.deepEqual(api.asked.findLast((a) => a.what === 'PUT /api/v1/quotas').body, { sessions: {}, memory: {}, ...unlimited });
});

state('an admin sets limits, of everyone and of one member', [refused(400, '/quotas')], async (page, api) => {
  let own_limit;
  const user_id = people[3].id;
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  api.answers['GET /api/v1/quotas/members'] = () => json(200, {
    items: [{ user_id, user_name: 'Bob', sessions: { used: 1, limit: own_limit ?? 3, own_limit } }],
  });
  api.answers['PUT /api/v1/quotas'] = () => problem(400, 'invalid_input', 'sessions.per_user must be 0 to 2, not 3');
  api.answers[`PUT /api/v1/quotas/members/${user_id}`] = (body) => {
    own_limit = body.sessions.own_limit;
    return json(200, {});
  };
  await page.goto(`${origin}/#/members`);
  await page.getByText('The organisation has 4 of 10 desktops.').waitFor();
  await page.getByLabel('Desktops of each member').fill('3');
  await button(page, 'Save limits').click();
  await page.getByText('Sessions.per_user must be 0 to 2, not 3.').waitFor();
  api.answers['PUT /api/v1/quotas'] = (body) => json(200, quotas(body.sessions));
  await page.getByLabel('Desktops of each member').fill('2');
  await button(page, 'Save limits').click();
  await page.getByText('The limits are saved.').waitFor({ state: 'attached' });
  assert.deepEqual(api.asked.findLast((a) => a.what === 'PUT /api/v1/quotas').body,
    { sessions: { per_user: 2 }, memory: {}, cpu: {}, processes: {}, disk: {} });
  await page.getByLabel('Own limit of Bob').fill('1');
  await page.getByLabel('Own limit of Bob').blur();
  await page.getByText('1 of 1 desktops').waitFor();
  await page.getByLabel('Own limit of Bob').fill('');
  await page.getByLabel('Own limit of Bob').blur();
  await page.getByText('1 of 3 desktops').waitFor();
});

state('an admin sees the hosts, and that there is none', [], async (page, api) => {
  api.answers['GET /api/v1/me'] = () => json(200, admin);
  await page.goto(`${origin}/#/members`);
  await page.getByText('No host serves your organisation yet').waitFor();
  const away_since = new Date(Date.now() - 3_600_000).toISOString();
  const id = '019a0000-0000-7000-8000-0000000000c1';
  api.answers['GET /api/v1/agents'] = () => json(200, {
    items: [
      { id, name: 'rack-1', version: 'v1.2.3', state: 'connected', has_room: false, sessions: 1 },
      { id, name: 'rack-2', state: 'away', away_since, has_room: true, sessions: 2 },
      {
        id, name: 'rack-3', state: 'connected', has_room: true, sessions: 0, unenforced_limits: ['cpu', 'memory', 'processes'],
      },
      { id, name: 'rack-4', state: 'connected', has_room: true, sessions: 3, unenforced_limits: [] },
    ],
  });
  await page.reload();
  await page.getByText('1 desktop of yours · v1.2.3 · is full').waitFor();
  await page.getByText('2 desktops of yours · last heard of').waitFor();
  await page.getByText('0 desktops of yours · has room · no strict limit of processors, memory, and processes').waitFor();
  await page.getByText('3 desktops of yours · has room', { exact: true }).waitFor();
});

state('an admin limits, sees and revokes the API keys of others', [refused(400, '/settings')], async (page, api) => {
  let all = [key({ owner_name: 'Somebody Else' })];
  api.answers['GET /api/v1/me'] = () => json(200, { ...me, role: 'admin' });
  api.answers['GET /api/v1/keys'] = () => json(200, { items: all });
  api.answers[`DELETE /api/v1/keys/${key().id}`] = () => { all = []; return { status: 204 }; };
  await page.goto(`${origin}/#/members`);
  await page.getByText('Somebody Else · never used').waitFor();
  const days = page.getByLabel('Keys last at most, in days');
  assert.equal(await days.inputValue(), '365');
  api.answers['PUT /api/v1/settings'] = () => problem(400, 'invalid_body', 'max_key_days is wrong');
  await days.fill('30');
  await button(page, 'Save').click();
  await page.getByText('Max_key_days is wrong.').waitFor();
  api.answers['PUT /api/v1/settings'] = (body) => json(200, body);
  await button(page, 'Save').click();
  await page.getByText('The settings are saved.').waitFor({ state: 'attached' });
  assert.equal(await days.inputValue(), '30');
  await button(page, 'Revoke Build server of Somebody Else').click();
  await button(page, 'Revoke').click();
  await page.getByText('No one has an API key.').waitFor();
});
