import type { Candidate, Candidates, Drop } from './candidates.js';
import { rowsOf, type Criteria } from './criteria.js';
import { fitLength, withoutLength, type LengthModel } from './length-bias.js';
import { equalQuotas } from './quotas.js';
import { counted, formatCount } from '../util/format.js';

/**
 * Decides about every row: duplicates first, then the scores' limits, then how many are kept. Of two rows that are equal in what
 * decides, the first one in the input stays.
 *
 * @returns the model of the length's part, where one was asked for
 */
export function decide(candidates: Candidates, criteria: Criteria): LengthModel | undefined {
  const { rows } = candidates;
  const model = criteria.lengthBias === true ? takeLengthAway(left(rows)) : undefined;
  dropDuplicates(rows, candidates.duplicateGroups(), criteria.dedupe);
  dropByScore(left(rows), criteria);
  if (criteria.pairs === undefined) keepTop(left(rows), candidates.groups, criteria);
  return model;
}

function left(rows: readonly Candidate[]): Candidate[] {
  return rows.filter(({ dropped }) => dropped === undefined);
}

function takeLengthAway(rows: readonly Candidate[]): LengthModel {
  const model = fitLength(
    rows.map(({ length }) => length),
    rows.map(({ score }) => score),
  );
  for (const row of rows) row.value = withoutLength(model, row.length, row.score);
  return model;
}

function dropDuplicates(rows: readonly Candidate[], groups: Int32Array | undefined, kind: Criteria['dedupe']): void {
  if (groups === undefined) return;
  const best = new Map<number, number>();
  for (const [index, group] of groups.entries()) {
    const row = rows[index];
    if (row?.dropped !== undefined) continue;
    const other = best.get(group);
    const otherRow = other === undefined ? undefined : rows[other];
    if (otherRow === undefined || (row?.value ?? NaN) > otherRow.value) best.set(group, index);
  }
  const noun = kind === 'exact' ? 'duplicate' : 'near-duplicate';
  for (const [index, group] of groups.entries()) {
    const row = rows[index];
    const kept = best.get(group);
    if (row === undefined || row.dropped !== undefined || kept === undefined || kept === index) continue;
    const than = row.value === rows[kept]?.value ? 'the same' : 'better';
    row.dropped = { kind: `${noun}s`, reasonOf: () => `a ${noun} of row ${kept}, whose score is ${than}` };
  }
}

function dropByScore(rows: readonly Candidate[], { min, max, lengthBias }: Criteria): void {
  const kind = 'outside the limits of the score';
  const what = lengthBias === true ? 'score without length' : 'score';
  const below: Drop = { kind, reasonOf: () => `${what} below ${min}` };
  const above: Drop = { kind, reasonOf: () => `${what} above ${max}` };
  for (const row of rows) {
    if (min !== undefined && row.value < min) row.dropped = below;
    else if (max !== undefined && row.value > max) row.dropped = above;
  }
}

function keepTop(rows: readonly Candidate[], names: readonly string[], { top, per, balance }: Criteria): void {
  const grouped = per === undefined && balance === undefined ? [[...rows]] : inGroups(rows);
  const quotas =
    balance === undefined
      ? grouped.map(({ length }) => (top === undefined ? length : rowsOf(top, length)))
      : equalQuotas(
          grouped.map(({ length }) => length),
          top === undefined ? rows.length : rowsOf(top, rows.length),
        );
  for (const [at, group] of grouped.entries()) {
    const quota = quotas[at] ?? 0;
    const name = names[group[0]?.group ?? -1] ?? '';
    const behind: Drop = {
      kind: 'ranked behind those that are kept',
      reasonOf: ({ rank, of }) =>
        `rank ${formatCount(rank)} of ${counted(of, 'row')}${whose(per, balance, name)}, of which ${formatCount(quota)} are kept`,
    };
    for (const [place, row] of byValue(group).entries()) {
      row.rank = place + 1;
      row.of = group.length;
      if (place >= quota) row.dropped = behind;
    }
  }
}

function whose(per: string | undefined, balance: string | undefined, name: string): string {
  if (per === 'prompt') return ' of its prompt';
  const field = per ?? balance;
  return field === undefined ? '' : ` with ${field} ${JSON.stringify(name.slice(0, 80))}`;
}

/** The best first; equal ones in input order, which sorting keeps. */
export function byValue(rows: readonly Candidate[]): Candidate[] {
  return rows.toSorted((a, b) => b.value - a.value);
}

/** The rows of each group, groups and rows as they first come. */
export function inGroups(rows: readonly Candidate[]): Candidate[][] {
  const groups = new Map<number, Candidate[]>();
  for (const row of rows) {
    const members = groups.get(row.group);
    if (members === undefined) groups.set(row.group, [row]);
    else members.push(row);
  }
  return [...groups.values()];
}
