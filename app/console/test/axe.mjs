// Looks for what users of a keyboard, a screen reader or weak eyes would miss on a page.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Returns what axe-core finds on the page or in a part of it, in light and dark colours, as lines of the rule and the
 * elements. It is put into the page as the debugger does, because the content security policy lets no other script in.
 */
export async function findings(page, within = 'html') {
  await page.evaluate(source);
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    found.push(...await page.evaluate(async ({ scheme, part }) => {
      const { violations } = await globalThis.axe.run(part, { resultTypes: ['violations'] });
      return violations.map((v) => `${scheme}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
    }, { scheme: colorScheme, part: within }));
  }
  return found;
}
