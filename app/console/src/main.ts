// The entry point: it knows who is signed in and which view is shown.
import { access } from './access';
import { Client, type Me, sentence, type Session } from './api';
import type { App, View } from './app';
import { title } from './brand';
import { desktop } from './desktop';
import { card } from './entry';
import { h } from './dom';
import { forgotten } from './forgotten';
import { home } from './home';
import { invitation } from './invitation';
import { login } from './login';
import { members } from './members';
import { setNewPassword } from './newpassword';
import { setUp } from './setup';

const root = document.getElementById('app')!;
let me: Me | undefined;
// Several requests can fail at once because the sign-in has ended. The form is shown for the first one only.
const api = new Client({
  signedOut: (why) => {
    if (me !== undefined) {
      askToSignIn(why);
    }
  },
  signedInAsAnother: () => {
    if (me !== undefined) { // this page itself may be about to show another sign-in
      showOther(me);
    }
  },
});
let view = new AbortController();

function show(next: View): void {
  view.abort();
  view = new AbortController();
  root.replaceChildren();
  next(root, view.signal);
}

/** Shows the sign-in form. The address stays, so that the page is shown after signing in. */
function askToSignIn(why?: string): void {
  showsAs(undefined);
  const signedIn = () => begin('Your browser did not keep the sign-in. Allow cookies, use HTTPS and sign in again.');
  show(login({ api, why, signedIn }));
}

/** Notes whom the page shows as signed in, so that it acts as no one else. */
function showsAs(who: Me | undefined): void {
  me = api.shown = who;
}

/** Says that another tab has signed in as someone else. Until the user goes on, this page does nothing. */
function showOther(was: Me): void {
  showsAs(undefined);
  show((main) => {
    title('Another sign-in');
    const text = `This page shows ${was.user.email} at ${was.org.name}. Another tab of this browser has signed in since `
      + 'then, as someone else or at another organisation. Nothing was done.';
    const on = (): void => {
      history.pushState(null, '', '#/');
      void start();
    };
    const button = h('button', { class: 'primary', type: 'button', click: on }, 'Continue with the present sign-in');
    const said = h('div', { role: 'alert' }, h('h1', {}, 'Another sign-in'), h('p', {}, text));
    main.append(card(h('div', { class: 'stack' }, said, button)));
    button.focus();
  });
}

// A list asks for nothing until something changes, so the sign-in is looked at when the user comes back to this tab.
window.addEventListener('focus', () => {
  if (me !== undefined) {
    void api.checkSignIn();
  }
});

/** The forms for people who are not signed in, by the path. static.go serves the page at each. */
const entrances: Record<string, () => View> = {
  '/setup': () => setUp({ api, done: () => leave('Your organisation is ready. Sign in.') }),
  '/forgotten': () => forgotten(api),
  '/new-password': () => setNewPassword({ api, done: () => leave('Your password is set. Sign in.') }),
  '/invitation': () => invitation({ api, accepted: async (why) => {
    history.replaceState(null, '', '/');
    await begin(why);
  } }),
};

/** Leaves such a form for the sign-in form. The secret in the address goes, too. */
function leave(why: string): void {
  history.replaceState(null, '', '/');
  askToSignIn(why);
}

/** Shows the page that the address names, or the sign-in form when no one is signed in. */
async function begin(why?: string): Promise<void> {
  const entrance = entrances[location.pathname];
  if (entrance !== undefined) {
    show(entrance());
    return;
  }
  showsAs(await api.me());
  if (me === undefined) {
    askToSignIn(why);
  } else {
    route();
  }
}

/** The pages beside the home page and the desktops, by what stands after # in the address. */
const pages: Record<string, (app: App) => View> = { '#/access': access, '#/members': members };

/** Shows what the address names: `#/sessions/<id>` a desktop, one of the pages, or else the home page. */
function route(known?: Session): void {
  if (me === undefined) {
    return; // the sign-in form stays
  }
  const app = page(me);
  const named = pages[location.hash];
  if (named !== undefined) {
    show(named(app));
    return;
  }
  const id = /^#\/sessions\/([0-9a-f-]{36})$/.exec(location.hash)?.[1];
  show(id === undefined ? home(app) : desktop(app, id, known));
}

function page(who: Me): App {
  return {
    api,
    me: who,
    open: (session) => go(`#/sessions/${session.id}`, session),
    home: () => go('#/'),
    access: () => go('#/access'),
    members: () => go('#/members'),
    switchTo: async (slug) => {
      await api.switchOrg(slug);
      showsAs(undefined); // until the new sign-in is shown
      history.pushState(null, '', '#/');
      await start();
    },
    signOut: async () => {
      await api.logOut();
      history.replaceState(null, '', '#/');
      askToSignIn();
    },
  };
}

function go(hash: string, known?: Session): void {
  history.pushState(null, '', hash);
  route(known);
}

/** Shows why the page could not be loaded, with a button to try again. */
function unreachable(thrown: unknown): void {
  show((root) => {
    title();
    const retry = h('button', { class: 'primary', type: 'button', click: () => void start() }, 'Try again');
    const heading = h('h1', {}, 'The page could not be loaded');
    const why = h('p', { role: 'alert' }, sentence(thrown));
    root.append(card(h('div', { class: 'stack' }, heading, why, retry)));
  });
}

async function start(): Promise<void> {
  try {
    await begin();
  } catch (thrown) {
    unreachable(thrown);
  }
}

window.addEventListener('hashchange', () => route());
void start();
