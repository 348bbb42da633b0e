import type { Bin } from '../report/statistics.js';
import { formatCount } from '../util/format.js';

/** Where a chart is drawn. */
export interface ChartRoom {
  /** Characters of a line. */
  columns: number;
  /** Whether Unicode's block elements can be shown. */
  blocks: boolean;
}

/** What stands left of the lines in a summary. */
const MARGIN = 11;
const MOST_CELLS = 50;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A line for each bin: its range, a bar, its count. The longest bar takes what room there is. */
export function histogramLines(bins: readonly Bin[], { columns, blocks }: ChartRoom): string[] {
  const digits = Math.max(...bins.map(({ from }) => digitsOf(from)));
  const ends = bins.map(({ from, to }) => [from.toFixed(digits), to.toFixed(digits)] as const);
  const width = Math.max(...ends.flat().map(({ length }) => length));
  const counts = bins.map(({ count }) => formatCount(count));
  const countWidth = Math.max(...counts.map(({ length }) => length));
  const cells = Math.min(MOST_CELLS, columns - MARGIN - 2 * width - 4 - countWidth - 4);
  const most = Math.max(...bins.map(({ count }) => count));
  return ends.map(([from, to], i) => {
    const range = `${from.padStart(width)} to ${to.padStart(width)}`;
    const bar = cells < 1 ? '' : barOf(((bins[i]?.count ?? 0) / most) * cells, blocks);
    return `${range}  ${(counts[i] ?? '').padStart(countWidth)}  ${bar}`.trimEnd();
  });
}

/** A bar of so many cells; whatever is more than nothing can be seen. */
function barOf(cells: number, blocks: boolean): string {
  if (!blocks) return '#'.repeat(cells > 0 ? Math.max(1, Math.round(cells)) : 0);
  const eighths = cells > 0 ? Math.max(1, Math.round(8 * cells)) : 0;
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** Digits after the point that a round number has. */
function digitsOf(value: number): number {
  for (let digits = 0; digits < 12; digits++) if (Number(value.toFixed(digits)) === value) return digits;
  return 12;
}
