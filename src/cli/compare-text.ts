import type { Estimate } from '../compare/bootstrap.js';
import type { Comparison, WorstRow } from '../compare/compare.js';
import { counted, formatCount } from '../util/format.js';
import { printable } from '../util/printable.js';
import { columns } from './table.js';

const MOST_CHARACTERS = 90;

/** A comparison as tables for people. */
export function formatComparison(comparison: Comparison): string {
  const { files, deviation, pearson, spearman, kendall, pairs, top, flips, worst } = comparison;
  const sections: [title: string, table: string][] = [
    [
      headOf(comparison),
      columns([
        ['', 'value', '95 % interval'],
        ['  mean deviation', ...shown(deviation.mean)],
        ['  99 % of the deviations are below', short(deviation.percentile99)],
        ['  largest deviation', short(deviation.largest)],
        ['  bias (second less first)', ...shown(deviation.bias)],
        ['  Pearson', ...shown(pearson)],
        ['  Spearman', ...shown(spearman)],
        ['  Kendall (tau-b)', ...shown(kendall)],
      ]),
    ],
    [
      'Pairs of rows, by the gap between their scores in the first: how many the second has in the same order',
      columns(
        pairs
          .filter((range) => range.pairs > 0)
          .map(({ from, to, pairs: count, agreement }) => [
            Number.isFinite(to) ? `  ${short(from)} to ${short(to)}` : `  ${short(from)} and more`,
            counted(count, 'pair'),
            ...shown(agreement, percent),
          ]),
      ),
    ],
    [
      'The best rows of the first that are among the best of the second',
      columns(
        top.map(({ share, rows, overlap }) => [
          `  best ${percent(share, 0)}`,
          counted(rows, 'row'),
          ...shown(overlap, percent),
        ]),
      ),
    ],
    [
      'Rows that a threshold keeps in one and drops in the other',
      columns(
        flips.map(({ threshold, keeps, dropped, added, share }) => [
          `  from ${short(threshold)} on, which keeps ${percent(keeps)}`,
          `${formatCount(dropped)} dropped`,
          `${formatCount(added)} added`,
          ...shown(share, percent),
        ]),
      ),
    ],
    [
      `Rows that differ most, with their scores in ${printable(files.a)} and ${printable(files.b)}`,
      worst.map(worstLines).join(''),
    ],
  ];
  return sections.map(([title, table]) => `${title}\n${table}`).join('\n');
}

function headOf({ files, rows }: Comparison): string {
  const { matched, onlyInA, onlyInB, withoutScoreInA, withoutScoreInB } = rows;
  const rest = [
    ...(onlyInA > 0 ? [`${formatCount(onlyInA)} only in the first`] : []),
    ...(onlyInB > 0 ? [`${formatCount(onlyInB)} only in the second`] : []),
    ...(withoutScoreInA > 0 ? [`${formatCount(withoutScoreInA)} without a score in the first`] : []),
    ...(withoutScoreInB > 0 ? [`${formatCount(withoutScoreInB)} without a score in the second`] : []),
  ];
  const matching = [`${counted(matched, 'score')} matched`, ...rest].join(', ');
  return `${printable(files.a)} and ${printable(files.b)}: ${matching}`;
}

function worstLines({ id, answer, a, b, text }: WorstRow): string {
  const which = answer === undefined ? `id ${id}` : `id ${id}, ${answer}`;
  const head = `  ${which}: ${short(a)} and ${short(b)}, a difference of ${short(b - a)}\n`;
  if (text === undefined) return head;
  return `${head}      ${startOf(text.asked)}\n      → ${startOf(text.answered)}\n`;
}

function startOf(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim(), MOST_CHARACTERS);
}

function shown(
  { value, low, high }: Estimate,
  format: (value: number) => string = short,
): [value: string, interval: string] {
  if (value === null) return ['not defined', ''];
  return [format(value), low === null || high === null ? '' : `${format(low)} to ${format(high)}`];
}

/** Four digits that count. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : 4);
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
