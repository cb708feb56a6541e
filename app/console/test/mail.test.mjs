// From an invitation by mail to a first desktop, and back in with a forgotten password. Needs a running `streamspace
// dev` that mails; run.mjs starts one.
//
//   STREAMSPACE_URL           where the console is
//   STREAMSPACE_DEV_PASSWORD  the password of the demo users
//   STREAMSPACE_MAILBOX       the file that the mail server writes
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, open, painted, refused, unexpected } from './browser.mjs';
import { mail } from './mailbox.mjs';

const url = process.env.STREAMSPACE_URL;
const mailbox = process.env.STREAMSPACE_MAILBOX;
const email = `ada-${randomBytes(6).toString('hex')}@example.test`;

let browser;
let page;
before(async () => {
  browser = await launch();
  page = await open(browser);
});
after(() => browser?.close());

const button = (of, name) => of.getByRole('button', { name, exact: true });

/** Posts as a program does and returns the answer. */
async function post(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
}

test('an invitation leads from its link to a first desktop', { timeout: 120_000 }, async () => {
  const admin = { email: 'admin@acme.test', password: process.env.STREAMSPACE_DEV_PASSWORD };
  const { access_token: token } = await post('auth/login', admin);
  const made = await post('invitations', { email, role: 'member' }, token);
  assert.equal(made.link, undefined, 'the admin is given no link');
  const { to, link } = await mail(mailbox, 1);
  assert.deepEqual(to, [email]);
  await page.goto(link);
  await page.getByRole('heading', { name: 'Join Acme' }).waitFor();
  await page.getByLabel('Your name').fill('Ada');
  await page.getByLabel('Password').fill('a first password');
  await button(page, 'Join').click();
  await page.getByText(email).waitFor();
  await button(page, 'Launch Terminal').click();
  await painted(page);
  assert.deepEqual(unexpected(page), []);
});

test('a forgotten password is replaced by mail, and ends other sign-ins', { timeout: 120_000 }, async () => {
  const elsewhere = await open(browser);
  await elsewhere.goto(url);
  await elsewhere.getByRole('link', { name: 'Forgotten password?' }).click();
  await elsewhere.getByLabel('Email').fill(email);
  await button(elsewhere, 'Send the link').click();
  await elsewhere.getByText('a link is on its way').waitFor();
  const { to, link } = await mail(mailbox, 2);
  assert.deepEqual(to, [email]);
  await elsewhere.goto(link);
  await elsewhere.getByLabel('New password').fill('a second password');
  await button(elsewhere, 'Set the password').click();
  await elsewhere.getByText('Your password is set. Sign in.').waitFor();
  await page.goto(url);
  await button(page, 'Sign in').waitFor();
  await elsewhere.getByLabel('Email').fill(email);
  await elsewhere.getByLabel('Password').fill('a second password');
  await button(elsewhere, 'Sign in').click();
  await elsewhere.getByText(email).waitFor();
  assert.deepEqual(unexpected(elsewhere, refused(401, '/me')), []);
});
