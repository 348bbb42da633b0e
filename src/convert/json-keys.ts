const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The first key that one object of a JSON text has twice, or undefined. JSON.parse keeps the last value of such a key and
 * drops the others without a word.
 *
 * @param json valid JSON
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // the keys of each object around this place; undefined for an array
  for (let i = 0; i < json.length; i++) {
    switch (json.charAt(i)) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(json, i);
        const keys = open.at(-1);
        if (keys !== undefined && isFollowedByColon(json, end)) {
          const key = JSON.parse(json.slice(i, end)) as string;
          if (keys.has(key)) return key;
          keys.add(key);
        }
        i = end - 1;
      }
    }
  }
  return undefined;
}

/** The position after the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i + 1;
  }
  return json.length;
}

function isFollowedByColon(json: string, position: number): boolean {
  let i = position;
  while (json.charCodeAt(i) <= 0x20) i++; // JSON's white space
  return json.charCodeAt(i) === COLON;
}
