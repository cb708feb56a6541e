// Builds elements. Text is always set as text, never as HTML, so data from the API cannot inject markup.

type Attributes = Record<string, string | boolean | EventListener>;
type Child = Node | string | undefined;

/** Makes an element. An attribute that is a function listens to the event of that name; false leaves it out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name, value);
    } else if (value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

// Each icon is a path in a box of 24, drawn with a stroke.
const icons = {
  back: 'M15 5l-7 7 7 7',
  clipboard: 'M9 4h6v3H9zM9 5H5v15h14V5h-4M9 12h6M9 16h4',
  expand: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  key: 'M14 10a5 5 0 1 0-3 4.6L13 17h3v3h4v-4l-6.3-6.3M8 9h.01',
  mail: 'M3 5h18v14H3zM3 7l9 6 9-6',
  screen: 'M3 5h18v12H3zM8 21h8M12 17v4',
  stop: 'M12 3v8M6.3 6.3a8 8 0 1 0 11.4 0',
  terminal: 'M3 4h18v16H3zM7 9l3 3-3 3M13 15h4',
};

/** Draws an icon. It is hidden from screen readers, because the text next to it says the same. */
export function icon(name: keyof typeof icons): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  const path = document.createElementNS(ns, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', icons[name]);
  svg.append(path);
  return svg;
}

/** Announces a change to users of a screen reader. Other users see it on the page. */
export function announce(text: string): void {
  document.getElementById('announcer')!.textContent = text;
}
