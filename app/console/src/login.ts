// The sign-in form. A user who belongs to several organisations chooses one.
import { type Client, Failure, type LogIn, sentence } from './api';
import type { View } from './app';
import { title, wordmark } from './brand';
import { h } from './dom';
import { field } from './field';

interface SignInForm {
  api: Client;
  /** Why the user has to sign in again, if they were signed in. */
  why: string | undefined;
  signedIn(): Promise<void>;
}

/** Shows the form. */
export function login(entrance: SignInForm): View {
  return (root) => {
    title('Sign in');
    const form = new Form(entrance);
    root.append(h('main', { class: 'entrance' }, h('div', { class: 'entrance-card' }, wordmark(), form.element)));
    form.focus();
  };
}

class Form {
  readonly element: HTMLFormElement;
  private readonly email = h('input', {
    id: 'email', type: 'email', autocomplete: 'username', required: true, maxlength: '254', spellcheck: 'false',
    input: () => this.offer([]),
  });
  private readonly password = h('input', {
    id: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: '1024',
  });
  private readonly org = h('select', { id: 'org' });
  private readonly orgField = field('Organisation', this.org, 'You belong to several. Choose one, then sign in.');
  private readonly problem = h('p', { class: 'problem', role: 'alert' });
  private readonly submit = h('button', { class: 'primary wide', type: 'submit' }, 'Sign in');

  constructor(private readonly entrance: SignInForm) {
    this.orgField.hidden = true;
    this.problem.hidden = true;
    this.element = h(
      'form',
      { class: 'stack', submit: (event) => { event.preventDefault(); void this.send(); } },
      h('h1', {}, 'Sign in'),
      entrance.why === undefined ? undefined : h('p', { class: 'note', role: 'status' }, entrance.why),
      field('Email', this.email),
      field('Password', this.password),
      this.orgField,
      this.problem,
      this.submit,
      h('p', {}, h('a', { href: '/forgotten' }, 'Forgotten password?')),
    );
  }

  focus(): void {
    this.email.focus();
  }

  private async send(): Promise<void> {
    this.busy(true);
    this.say('');
    try {
      await this.entrance.api.logIn(this.body());
      await this.entrance.signedIn();
    } catch (thrown) {
      this.refused(thrown);
    } finally {
      this.busy(false);
    }
  }

  private body(): LogIn {
    const org = this.orgField.hidden ? {} : { org: this.org.value };
    return { email: this.email.value.trim(), password: this.password.value, cookie: true, ...org };
  }

  private refused(thrown: unknown): void {
    if (thrown instanceof Failure && thrown.code === 'org_required' && thrown.problem.orgs) {
      this.offer(thrown.problem.orgs);
      this.org.focus();
      return;
    }
    this.say(sentence(thrown));
    if (thrown instanceof Failure && thrown.status === 401) {
      this.password.select();
    }
  }

  /** Offers a choice of organisations. An empty list hides it. */
  private offer(slugs: string[]): void {
    this.org.replaceChildren(...slugs.map((slug) => h('option', { value: slug }, slug)));
    this.orgField.hidden = slugs.length === 0;
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === '';
  }

  private busy(now: boolean): void {
    this.submit.disabled = now;
    this.submit.textContent = now ? 'Signing in…' : 'Sign in';
  }
}
