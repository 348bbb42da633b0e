import type { Estimate } from '../compare/bootstrap.js';
import type { Part } from '../evaluate/answers.js';
import type { Evaluation } from '../evaluate/evaluate.js';
import { SAME_LENGTH, type PairsResult } from '../evaluate/pairs.js';
import { PUBLISHED } from '../evaluate/rewardbench.js';
import { counted, formatCount } from '../util/format.js';
import { printable } from '../util/printable.js';
import { columns } from './table.js';

const HEAD = ['', 'accuracy', '95 % interval', 'rows', 'ties', 'mean margin'];

/** An evaluation as tables for people. `how` says what gave the scores. */
export function formatEvaluation(evaluation: Evaluation, how: string): string {
  const { benchmark, data, items, withoutScore } = evaluation;
  const missing = withoutScore === 0 ? '' : `; ${formatCount(withoutScore)} of them have no score and count nowhere`;
  const head = `${printable(data)}: ${counted(items, 'row')}${missing}\n${printable(how)}\n`;
  switch (benchmark) {
    case 'rewardbench': {
      const { sections, score, subsets } = evaluation;
      return sectionsOf([
        head,
        columns([
          [...HEAD, ...PUBLISHED.map(({ name }) => name)],
          ...sections.map((section, i) => [
            ...cellsOf(section),
            ...PUBLISHED.map(({ values }) => values[i]?.toFixed(1) ?? ''),
          ]),
          [
            ...scoreCells('  Score', score),
            ...Array.from({ length: 3 }, () => ''),
            ...PUBLISHED.map(({ values }) => values[4]?.toFixed(1) ?? ''),
          ],
        ]),
        `Subsets, the worst first\n${partsTable(worstFirst(subsets))}`,
      ]);
    }
    case 'rewardbench2': {
      const { score, subsets } = evaluation;
      return sectionsOf([
        head,
        columns([HEAD, ...subsets.map(cellsOf), scoreCells('  Score', score)]),
        'Of Ties the accuracy is its score: right answers above wrong ones, and closer to one another than to those.\n',
      ]);
    }
    case 'pairs':
      return sectionsOf([head, ...pairsSections(evaluation)]);
  }
}

function pairsSections({ all, tiesHalf, margins, lengths, groups }: PairsResult): string[] {
  return [
    `${partsTable([all])}  with ties as half a win: ${percent(tiesHalf)}\n`,
    `By how far the answers' scores are apart, in fifths\n${columns([
      HEAD,
      ...margins.map(({ from, to, ...part }) => cellsOf({ ...part, name: `${from.toFixed(3)} to ${to.toFixed(3)}` })),
    ])}`,
    `By length: the same within a factor of ${SAME_LENGTH}\n${partsTable(
      [lengths.matched, lengths.longer, lengths.shorter].filter(({ items }) => items > 0),
    )}  who takes the longer answer each time gets ${percent(lengths.byLengthAlone)}\n`,
    ...(groups.length === 0 ? [] : [`By group, the worst first\n${partsTable(worstFirst(groups))}`]),
  ];
}

function partsTable(parts: readonly Part[]): string {
  return columns([HEAD, ...parts.map(cellsOf)]);
}

function worstFirst(parts: readonly Part[]): Part[] {
  return parts.toSorted((a, b) => (a.accuracy.value ?? 0) - (b.accuracy.value ?? 0));
}

function cellsOf({ name, items, accuracy, ties, margin }: Part): string[] {
  if (items === 0) return [`  ${printable(name)}`, 'no rows'];
  return [
    ...scoreCells(`  ${printable(name === '' ? '(none)' : name, 40)}`, accuracy),
    formatCount(items),
    formatCount(ties),
    margin.toFixed(3),
  ];
}

function scoreCells(name: string, { value, low, high }: Estimate): string[] {
  if (value === null) return [name, 'not defined', ''];
  const interval = low === null || high === null ? '' : `${percent(low)} to ${percent(high)}`;
  return [name, percent(value), interval];
}

function sectionsOf(texts: readonly string[]): string {
  return texts.join('\n');
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}
