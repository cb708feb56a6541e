// The form that creates the first organisation of a new installation, at /setup.
import { type Client, sentence, type SetUp } from './api';
import type { View } from './app';
import { title, wordmark } from './brand';
import { h } from './dom';
import { field } from './field';

interface SetUpForm {
  api: Client;
  /** The organisation exists, and its owner can sign in. */
  done(): void;
}

/** Shows the form. The code may stand in the address after #, where no server sees it. */
export function setUp(start: SetUpForm): View {
  return (root) => {
    title('Set up');
    const form = new Form(start);
    root.append(h('main', { class: 'entrance' }, h('div', { class: 'entrance-card' }, wordmark(), form.element)));
    form.focus();
  };
}

class Form {
  readonly element: HTMLFormElement;
  private readonly code = h('input', { id: 'code', required: true, maxlength: '256', autocomplete: 'off', spellcheck: 'false' });
  private readonly orgName = h('input', {
    id: 'org-name', required: true, maxlength: '80', autocomplete: 'organization',
    input: () => { this.slug.value = this.slugged ? this.slug.value : slugOf(this.orgName.value); },
  });
  private readonly slug = h('input', {
    id: 'slug', required: true, maxlength: '63', pattern: '[a-z0-9]([a-z0-9\\-]*[a-z0-9])?', spellcheck: 'false',
    input: () => { this.slugged = true; },
  });
  private readonly name = h('input', { id: 'name', required: true, maxlength: '80', autocomplete: 'name' });
  private readonly email = h('input', {
    id: 'email', type: 'email', required: true, maxlength: '254', autocomplete: 'username', spellcheck: 'false',
  });
  private readonly password = h('input', {
    id: 'password', type: 'password', required: true, maxlength: '1024', autocomplete: 'new-password',
  });
  private readonly problem = h('p', { class: 'problem', role: 'alert' });
  private readonly submit = h('button', { class: 'primary wide', type: 'submit' }, 'Set up');
  private slugged = false;

  constructor(private readonly start: SetUpForm) {
    this.problem.hidden = true;
    this.code.value = decodeURIComponent(location.hash.slice(1));
    this.element = h(
      'form',
      { class: 'stack', submit: (event) => { event.preventDefault(); void this.send(); } },
      h('h1', {}, 'Set up StreamSpace'),
      h('p', { class: 'note' }, 'This creates the first organisation and your account in it.'),
      field('Setup code', this.code, 'Printed by: streamspace admin setup-code'),
      field('Organisation', this.orgName),
      field('Short name', this.slug, 'Lower-case letters, digits and hyphens.'),
      field('Your name', this.name),
      field('Email', this.email),
      field('Password', this.password),
      this.problem,
      this.submit,
    );
  }

  focus(): void {
    (this.code.value === '' ? this.code : this.orgName).focus();
  }

  private async send(): Promise<void> {
    this.busy(true);
    this.say('');
    try {
      await this.start.api.setUp(this.body());
      this.start.done();
    } catch (thrown) {
      this.say(sentence(thrown));
    } finally {
      this.busy(false);
    }
  }

  private body(): SetUp {
    return {
      code: this.code.value.trim(),
      org: { slug: this.slug.value, name: this.orgName.value.trim() },
      owner: { email: this.email.value.trim(), name: this.name.value.trim(), password: this.password.value },
    };
  }

  private say(text: string): void {
    this.problem.textContent = text;
    this.problem.hidden = text === '';
  }

  private busy(now: boolean): void {
    this.submit.disabled = now;
    this.submit.textContent = now ? 'Setting up…' : 'Set up';
  }
}

/** Suggests a short name: "Acme GmbH" becomes "acme-gmbh". */
function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63);
}
