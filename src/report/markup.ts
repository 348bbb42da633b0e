/** Markup that is safe to put into a page: made by `markup` from texts that were escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = Markup | string | number | (Markup | string)[];

/** A template of markup. What is put into it is escaped, unless it is markup itself. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, i) => text + (i < parts.length ? safe(parts[i] ?? '') : '')).join(''));
}

/** Text that is markup already, from a source that is ours. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function safe(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(safe).join('');
  return escapeHtml(String(part));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Controls but tab and line end are shown as a sign: some turn the direction of all that follows. */
const CONTROLS = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escapeHtml(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
    .replaceAll(CONTROLS, (sign) => (sign === '\n' || sign === '\t' ? sign : '\ufffd'));
}

/** JSON inside of a script element: nothing in it can end the element. */
export function scriptJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}
