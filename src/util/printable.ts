// C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of what follows them.
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * A text from elsewhere (a model file, a template, a name on a disk) as part of a line for people: it must not reach a
 * terminal as control sequences, nor begin a line of its own.
 *
 * @param limit the most characters of it that are shown
 */
export function printable(text: string, limit = Infinity): string {
  const shortened = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return shortened.replace(CONTROL, (character) => {
    const code = codeOf(character);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** As `printable`, in quotation marks. */
export function quoted(text: string, limit = 80): string {
  return `"${printable(text, limit)}"`;
}

/** JSON text with the controls escaped that JSON.stringify leaves as they are: the value stays the same. */
export function printableJson(json: string): string {
  return json.replace(CONTROL, (character) =>
    character === '\n' ? character : `\\u${codeOf(character).padStart(4, '0')}`,
  );
}

function codeOf(character: string): string {
  return character.charCodeAt(0).toString(16);
}
