import { InformError } from '../errors.js';

/** The error for a key that does not exist, with the nearest one that does. */
export function unknownKey(key: string, known: readonly string[], what: string): InformError {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    nearest && nearest.distance <= Math.max(2, key.length / 3) ? ` Did you mean "${nearest.candidate}"?` : '';
  return new InformError('INFORM_INVALID_CONFIG', `unknown ${what} "${key}".${hint} Known are: ${known.join(', ')}.`);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
