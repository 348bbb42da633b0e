// C0 and C1 controls, and the marks that turn the direction of what follows them.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text from elsewhere (a model file, a template, a name on a disk) as part of a line for people: it must not reach a
 * terminal as control sequences, nor begin a line of its own.
 *
 * @param limit the most characters of it that are shown
 */
export function printable(text: string, limit = Infinity): string {
  const shortened = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return shortened.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}
