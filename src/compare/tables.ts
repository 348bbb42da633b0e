import { counted, formatCount } from '../util/format.js';
import type { Estimate } from './bootstrap.js';
import type { Comparison } from './compare.js';

/** A part of a comparison in words and numbers, for a terminal or a page. */
export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

const INTERVAL = '95 % interval';

export function tablesOf(comparison: Comparison): Table[] {
  const { deviation, pearson, spearman, kendall, pairs, top, flips } = comparison;
  return [
    {
      title: headOf(comparison),
      head: ['', 'value', INTERVAL],
      rows: [
        ['mean deviation', ...shown(deviation.mean)],
        ['99 % of the deviations are below', short(deviation.percentile99), ''],
        ['largest deviation', short(deviation.largest), ''],
        ['bias (second less first)', ...shown(deviation.bias)],
        ['Pearson', ...shown(pearson)],
        ['Spearman', ...shown(spearman)],
        ['Kendall (tau-b)', ...shown(kendall)],
      ],
    },
    {
      title: 'Pairs of rows, by the gap between their scores in the first: how many the second has in the same order',
      head: ['gap', 'pairs', 'same order', INTERVAL],
      rows: pairs
        .filter((range) => range.pairs > 0)
        .map(({ from, to, pairs: count, agreement }) => [
          Number.isFinite(to) ? `${short(from)} to ${short(to)}` : `${short(from)} and more`,
          formatCount(count),
          ...shown(agreement, percent),
        ]),
    },
    {
      title: 'The best rows of the first that are among the best of the second',
      head: ['best', 'rows', 'in both', INTERVAL],
      rows: top.map(({ share, rows, overlap }) => [percent(share, 0), formatCount(rows), ...shown(overlap, percent)]),
    },
    {
      title: 'Rows that a threshold keeps in one and drops in the other',
      head: ['from … on', 'first keeps', 'dropped', 'added', 'of all rows', INTERVAL],
      rows: flips.map(({ threshold, keeps, dropped, added, share }) => [
        short(threshold),
        percent(keeps),
        formatCount(dropped),
        formatCount(added),
        ...shown(share, percent),
      ]),
    },
  ];
}

function headOf({ rows }: Comparison): string {
  const { matched, onlyInA, onlyInB, withoutScoreInA, withoutScoreInB } = rows;
  const rest = [
    ...(onlyInA > 0 ? [`${formatCount(onlyInA)} only in the first`] : []),
    ...(onlyInB > 0 ? [`${formatCount(onlyInB)} only in the second`] : []),
    ...(withoutScoreInA > 0 ? [`${formatCount(withoutScoreInA)} without a score in the first`] : []),
    ...(withoutScoreInB > 0 ? [`${formatCount(withoutScoreInB)} without a score in the second`] : []),
  ];
  return [`${counted(matched, 'score')} matched`, ...rest].join(', ');
}

export function shown(
  { value, low, high }: Estimate,
  format: (value: number) => string = short,
): [value: string, interval: string] {
  if (value === null) return ['not defined', ''];
  return [format(value), low === null || high === null ? '' : `${format(low)} to ${format(high)}`];
}

/** Four digits that count. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  return value.toFixed(size >= 100 ? 1 : 4);
}

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
