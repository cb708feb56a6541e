// What the forms for people who are not signed in have in common: a heading, fields, a sentence about what went wrong,
// and a button that says what is going on.
import { sentence } from './api';
import { wordmark } from './brand';
import { h } from './dom';

type Part = HTMLElement | undefined;

interface Entry {
  heading: string;
  parts: Part[];
  /** The button's text, and its text while the request runs. */
  submit: [idle: string, busy: string];
  /** What stands below the button. */
  after?: Part;
  /** What the button does. What it throws is shown. */
  send(): Promise<void>;
}

/** Makes a form. */
export function entry(e: Entry): HTMLFormElement {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const submit = h('button', { class: 'primary wide', type: 'submit' }, e.submit[0]);
  const send = async (): Promise<void> => {
    submit.disabled = true;
    submit.textContent = e.submit[1];
    problem.hidden = true;
    try {
      await e.send();
    } catch (thrown) {
      problem.textContent = sentence(thrown);
      problem.hidden = false;
    } finally {
      submit.disabled = false;
      submit.textContent = e.submit[0];
    }
  };
  return h(
    'form',
    { class: 'stack', submit: (event) => { event.preventDefault(); void send(); } },
    h('h1', {}, e.heading), ...e.parts, problem, submit, e.after,
  );
}

/** Puts something into the middle of the page. */
export function card(...content: Part[]): HTMLElement {
  return h('main', { class: 'entrance' }, h('div', { class: 'entrance-card' }, wordmark(), ...content));
}

/** A link to the sign-in form. */
export function toSignIn(): HTMLElement {
  return h('p', {}, h('a', { href: '/' }, 'Sign in'));
}

/** The secret of a link: what stands after # in the address, which no server sees. */
export function secretOfAddress(): string {
  return location.hash.slice(1);
}

/** An input for a password that is being chosen. */
export function newPassword(): HTMLInputElement {
  return h('input', { id: 'password', type: 'password', required: true, maxlength: '1024', autocomplete: 'new-password' });
}
