import type { Message } from '../input/sample.js';

// Chat templates trim, and what counts as white space differs: the reference runs them in Python, we in JavaScript.
// Python's str.strip() also takes the information separators and NEXT LINE, and leaves the byte order mark, which
// String.prototype.trim() takes. Texts that hold one of these are rendered with stand-ins on which both agree, and get
// their own characters back afterwards.

/** White space for Python only. */
const PYTHON_ONLY = ['\u001c', '\u001d', '\u001e', '\u001f', '\u0085'];
/** White space for JavaScript only. */
const JAVASCRIPT_ONLY = ['\ufeff'];

/** White space for both, and seldom enough in a text that some of them are always free. */
const WHITE = Array.from('\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000');
/** White space for neither: the private use area. */
const INKED = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xe000 + i));

const DISPUTED = /[\u001c-\u001f\u0085\ufeff]/;

/** Renders messages with `render` as if its trimming were Python's. */
export function withPythonWhitespace(messages: Message[], render: (messages: Message[]) => string): string {
  const texts = messages.map(({ content }) => content).join('');
  if (!DISPUTED.test(texts)) return render(messages);

  const swaps = [...pair(PYTHON_ONLY, WHITE, texts), ...pair(JAVASCRIPT_ONLY, INKED, texts)];
  const swap = (text: string, from: 0 | 1): string =>
    swaps.reduce((swapped, both) => swapped.replaceAll(both[from], both[from === 0 ? 1 : 0]), text);
  return swap(render(messages.map((message) => ({ ...message, content: swap(message.content, 0) }))), 1);
}

/** Each character that occurs, with a stand-in that does not. */
function pair(characters: readonly string[], standIns: readonly string[], texts: string): [string, string][] {
  const free = standIns.filter((standIn) => !texts.includes(standIn)).values();
  return characters
    .filter((character) => texts.includes(character))
    .flatMap((character): [string, string][] => {
      const { value } = free.next();
      return value === undefined ? [] : [[character, value]];
    });
}
