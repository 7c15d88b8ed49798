// Makes and updates elements without a framework: a builder, text that is written only when it changed, keyed lists.
// Everything goes in as text nodes and attributes, so nothing that an agent sent can become markup.

type Child = Node | string | false | undefined;
type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** An element: functions become listeners (`onclick`), `false` and undefined leave an attribute out. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
};

/** The same for SVG. */
export const s = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
};

const fill = (element: Element, attributes: Attributes, children: Child[]): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  for (const child of children) if (child) element.append(child);
};

/** Writes an attribute if it differs. */
export const setAttribute = (element: Element, name: string, value: string | number | boolean | undefined): void => {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
};

/** Writes a text if it differs. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/** Shows or hides. */
export const setShown = (element: HTMLElement, shown: boolean): void => {
  if (element.hidden === shown) element.hidden = !shown;
};

/** A list of elements that follows a list of items; an element is made once per key and updated when its item differs. */
export type Keyed<T> = { update(items: readonly T[]): void };

/** `make` builds the element of a new key and gives a function that brings it up to date. */
export const keyed = <T>(
  parent: Element,
  keyOf: (item: T) => string,
  make: (item: T) => { element: Element; update(item: T): void },
): Keyed<T> => {
  const rows = new Map<string, { element: Element; item: T; update(item: T): void }>();
  return {
    update(items) {
      const wanted = new Set(items.map(keyOf));
      for (const [key, row] of rows) {
        if (wanted.has(key)) continue;
        row.element.remove();
        rows.delete(key);
      }
      let next: Element | null = parent.firstElementChild;
      for (const item of items) {
        const key = keyOf(item);
        let row = rows.get(key);
        if (!row) {
          row = { ...make(item), item };
          rows.set(key, row);
          row.update(item);
        } else if (row.item !== item) {
          row.item = item;
          row.update(item);
        }
        // Moving an element takes its focus away: only those out of place move.
        if (row.element === next) next = next.nextElementSibling;
        else parent.insertBefore(row.element, next);
      }
    },
  };
};
