import { InformError } from '../errors.js';
import type { ScoreList } from './read-scores.js';

/** The scores that two files have for the same answers: places in one and the other. */
export interface Match {
  inA: number[];
  inB: number[];
  onlyInA: number;
  onlyInB: number;
}

/**
 * Finds the answers that both files have. Two files of the same ids in the same order are matched by it, so that an id may stand in them
 * more than once; else each id belongs to one row.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT where nothing matches, or an id says not which row is meant
 */
export function match(a: ScoreList, b: ScoreList): Match {
  const length = a.ids.length;
  if (length === b.ids.length && a.ids.every((_, i) => keyOf(a, i) === keyOf(b, i))) {
    if (length === 0) throw misfit(`${a.file} and ${b.file} hold no scores. Name files that -o wrote.`);
    const places = Array.from({ length }, (_, i) => i);
    return { inA: places, inB: places, onlyInA: 0, onlyInB: 0 };
  }
  const [placesInA, placesInB] = [placesOf(a, b), placesOf(b, a)];
  const found: Match = { inA: [], inB: [], onlyInA: 0, onlyInB: 0 };
  for (const [key, place] of placesInA) {
    const other = placesInB.get(key);
    if (other === undefined) continue;
    found.inA.push(place);
    found.inB.push(other);
  }
  if (found.inA.length === 0) {
    throw misfit(
      `${a.file} and ${b.file} have no id in common (the first are ${a.ids[0] ?? 'none'} and ${b.ids[0] ?? 'none'}), so they are ` +
        'scores of different rows. Name two files of scores of the same data.',
    );
  }
  return { ...found, onlyInA: length - found.inA.length, onlyInB: b.ids.length - found.inA.length };
}

function keyOf({ ids, answers }: ScoreList, place: number): string {
  return `${answers[place] ?? ''} ${ids[place] ?? ''}`;
}

function placesOf(list: ScoreList, other: ScoreList): Map<string, number> {
  const places = new Map<string, number>();
  for (const place of list.ids.keys()) {
    const key = keyOf(list, place);
    const first = places.get(key);
    if (first !== undefined) {
      throw misfit(
        `${list.file} has the id ${list.ids[place] ?? ''} in the lines ${list.lines[first] ?? 0} and ${list.lines[place] ?? 0}, and ` +
          `${other.file} has not the same ids in the same order, so nobody can tell which scores belong together. Give each row an id of its own.`,
      );
    }
    places.set(key, place);
  }
  return places;
}

function misfit(message: string): InformError {
  return new InformError('INFORM_SCORES_DO_NOT_FIT', message);
}
