// The API page at /api/docs: the description of the API, and requests to try with the reader's own sign-in.
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import type { Me } from './api';
import { wordmark } from './brand';
import { h } from './dom';

const description = '/api/v1/openapi.yaml';

document.getElementById('home')!.append(wordmark());
followTheme();
void introduce();
SwaggerUI({
  url: description,
  domNode: document.getElementById('reference')!,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null, // no other site learns of the description
});

/** Says who the requests are sent for. The cookie goes with them, because the page is of the API's own origin. */
async function introduce(): Promise<void> {
  const caller = document.getElementById('caller')!;
  const response = await fetch('/api/v1/me', { signal: AbortSignal.timeout(15_000) }).catch(() => undefined);
  if (response?.ok) {
    const { user, org, role }: Me = await response.json();
    caller.textContent = `Requests are sent, and do what they say, as ${user.name} in ${org.name} (${role}).`;
  } else if (response?.status === 401) {
    caller.append(h('a', { href: '/' }, 'Sign in'), ' to try requests, or enter a token under Authorize.');
  }
}

/** The page is as light or dark as the reader's system. */
function followTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', apply);
  apply();
}
