import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { fitLength, withoutLength, type LengthModel } from '../curate/length-bias.js';
import { measureOf, type ScoredSet } from './collect.js';
import { histogram, quantile, rangeOf, spreadOf, type Threshold } from './statistics.js';

// Charts are drawn here, into SVG, and not in the browser: the page needs no library and opens at once. Colours are variables of the
// page's style, so that they follow its theme.

/** The little of a browser's document and elements that is used here. */
interface PlotElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  append(child: PlotElement): void;
  scale(name: 'x'): { apply(value: number): number } | undefined;
}
interface PlotDocument {
  createElementNS(namespace: string, name: string): PlotElement;
}

const WIDTH = 720;
const BINS = 48;

/** A document to draw into; nothing of it is ever parsed from a text of others. */
const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as {
  document: PlotDocument;
};

export interface Chart {
  svg: string;
  /** What it shows, in words. */
  label: string;
}

function draw(label: string, options: Plot.PlotOptions): Chart & { plot: PlotElement } {
  const plot = Plot.plot({
    document,
    width: WIDTH,
    style: { fontSize: '12px', background: 'none' },
    ...options,
  }) as unknown as PlotElement;
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', label);
  return { svg: plot.outerHTML, label, plot };
}

/** How the scores are spread, with a mark that the page moves to the threshold. */
export function distributionChart(
  { scores, answers }: ScoredSet,
  thresholds: readonly Threshold[],
): Chart & { positions: number[] } {
  const sorted = Float64Array.from(scores).sort();
  const median = quantile(sorted, 0.5);
  const label = `How many rows have which score: half of them below ${short(median)}, nine tenths between ${short(quantile(sorted, 0.05))} and ${short(quantile(sorted, 0.95))}.`;
  const quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => ({ share, score: quantile(sorted, share) }));
  const { plot } = draw(label, {
    height: 280,
    marginTop: 28,
    x: { label: measureOf(answers) },
    y: { label: 'rows', grid: true },
    marks: [
      Plot.rectY(histogram(scores, BINS), {
        x1: 'from',
        x2: 'to',
        y: 'count',
        fill: 'var(--bar)',
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleX(quantiles, { x: 'score', stroke: 'var(--faint)', strokeDasharray: '3,3' }),
      // The quarters' lines lie between; their labels would lie over these where most scores are alike.
      Plot.text(
        quantiles.filter(({ share }) => share !== 0.25 && share !== 0.75),
        {
          x: 'score',
          text: ({ share }: { share: number }) => `${share * 100} %`,
          frameAnchor: 'top',
          dy: -14,
          fill: 'var(--soft)',
        },
      ),
      Plot.ruleY([0]),
    ],
  });
  const scale = plot.scale('x');
  const positions = thresholds.map(({ score }) => Math.round(Number(scale?.apply(score)) * 10) / 10);
  const mark = document.createElementNS('http://www.w3.org/2000/svg', 'line');
  for (const [name, value] of Object.entries({
    id: 'cut',
    x1: 0,
    x2: 0,
    y1: 20,
    y2: 250,
    stroke: 'var(--accent)',
    'stroke-width': 2.5,
  })) {
    mark.setAttribute(name, String(value));
  }
  plot.append(mark);
  return { svg: plot.outerHTML, label, positions };
}

/** Distributions of several sets over one another, each as shares of its rows. */
export function overlayChart(sets: readonly [ScoredSet, ...ScoredSet[]]): Chart {
  const range = rangeOf(sets.map(({ scores }) => scores));
  const points = sets.flatMap(({ name, scores }) =>
    histogram(scores, BINS, range).map(({ from, to, count }) => ({
      name,
      score: (from + to) / 2,
      share: count / scores.length,
    })),
  );
  return draw('The share of rows at each score, one line for each file of scores.', {
    height: 260,
    x: { label: measureOf(sets[0].answers) },
    y: { label: 'share of rows', grid: true, percent: true },
    color: { legend: false, range: ['var(--bar)', 'var(--accent)', 'var(--third)', 'var(--fourth)'] },
    marks: [
      Plot.lineY(points, { x: 'score', y: 'share', stroke: 'name', strokeWidth: 2, curve: 'step' }),
      Plot.text(
        points,
        Plot.selectMaxY({ x: 'score', y: 'share', z: 'name', text: 'name', dy: -8, fill: 'var(--soft)' }),
      ),
    ],
  });
}

/** Scores against the answers' lengths, and what is left of them without it. */
export function lengthCharts({ answers, scores, lengths }: ScoredSet): { charts: Chart[]; model: LengthModel } {
  const model = fitLength(lengths, scores);
  const rest = scores.map((score, i) => withoutLength(model, lengths[i] ?? 0, score));
  const rising = Math.abs(model.correlation) < 0.1 ? 'hardly depends' : 'depends';
  const charts = [
    densityChart(
      `Score against the answer's length in characters; it ${rising} on it (correlation ${model.correlation.toFixed(2)}).`,
      lengths,
      scores,
      measureOf(answers),
    ),
    densityChart('The same without what length explains.', lengths, rest, 'score without length'),
  ];
  return { charts, model };
}

function densityChart(label: string, lengths: readonly number[], values: readonly number[], axis: string): Chart {
  const cells = cellsOf(lengths, values);
  return draw(label, {
    height: 260,
    x: { label: 'characters of the answer', type: 'log', tickFormat: ',d', ticks: 6 },
    y: { label: axis, grid: true },
    opacity: { type: 'sqrt', domain: [0, Math.max(...cells.boxes.map(({ count }) => count), 1)], range: [0.08, 0.9] },
    marks: [
      Plot.rect(cells.boxes, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'var(--bar)', fillOpacity: 'count' }),
      Plot.line(cells.medians, { x: 'x', y: 'median', stroke: 'var(--accent)', strokeWidth: 2 }),
    ],
  });
}

interface Box {
  x1: number;
  x2: number;
  y1: number;
  y2: number;
  count: number;
}

const COLUMNS = 36;

/** Counts in a grid, columns of equal width in the logarithm; and the median of each column of ten rows or more. */
function cellsOf(
  lengths: readonly number[],
  values: readonly number[],
): { boxes: Box[]; medians: { x: number; median: number }[] } {
  const logs = lengths.map((length) => Math.log(Math.max(1, length)));
  const { min: low, max: high } = rangeOf([logs]);
  const step = (high - low) / COLUMNS || 1;
  const columns = Array.from({ length: COLUMNS }, () => [] as number[]);
  for (const [i, log] of logs.entries())
    columns[Math.min(COLUMNS - 1, Math.floor((log - low) / step))]?.push(values[i] ?? 0);
  const rows = histogram(values, COLUMNS / 1.5);
  const height = (rows[0]?.to ?? 1) - (rows[0]?.from ?? 0);
  const bottom = rows[0]?.from ?? 0;
  const boxes: Box[] = [];
  const medians: { x: number; median: number }[] = [];
  for (const [column, inColumn] of columns.entries()) {
    const [x1, x2] = [Math.exp(low + column * step), Math.exp(low + (column + 1) * step)];
    const counts = new Map<number, number>();
    for (const value of inColumn) {
      const row = Math.floor((value - bottom) / height);
      counts.set(row, (counts.get(row) ?? 0) + 1);
    }
    for (const [row, count] of counts)
      boxes.push({ x1, x2, y1: bottom + row * height, y2: bottom + (row + 1) * height, count });
    if (inColumn.length >= 10) medians.push({ x: Math.sqrt(x1 * x2), median: spreadOf(inColumn).median });
  }
  return { boxes, medians };
}

const MOST_POINTS = 5000;

/** The scores of one file against those of another: points, or of very many rows some of them, evenly chosen. */
export function scatterChart(names: { a: string; b: string }, a: ArrayLike<number>, b: ArrayLike<number>): Chart {
  const step = Math.max(1, Math.ceil(a.length / MOST_POINTS));
  const points = Array.from({ length: Math.ceil(a.length / step) }, (_, i) => ({
    a: a[i * step] ?? NaN,
    b: b[i * step] ?? NaN,
  }));
  const all = points.flatMap((point) => [point.a, point.b]);
  const ends = [all.reduce((x, y) => Math.min(x, y), Infinity), all.reduce((x, y) => Math.max(x, y), -Infinity)];
  const every = step === 1 ? 'Each row' : `One of ${step} rows`;
  return draw(`${every} by its two scores; on the line they are the same.`, {
    height: WIDTH * 0.75,
    x: { label: names.a, domain: ends, grid: true, nice: true },
    y: { label: names.b, domain: ends, grid: true, nice: true },
    marks: [
      Plot.line(
        [ends, ends].map((pair, i) => ({ x: pair[i], y: pair[i] })),
        { x: 'x', y: 'y', stroke: 'var(--accent)' },
      ),
      Plot.dot(points, { x: 'a', y: 'b', r: 2, fill: 'var(--bar)', fillOpacity: 0.5 }),
    ],
  });
}

/** The middle half and the median of each group. */
export function groupChart(
  measure: string,
  field: string,
  groups: readonly { name: string; spread: ReturnType<typeof spreadOf> }[],
): Chart {
  const shown = groups.map(({ name, spread }) => ({ name, ...spread }));
  return draw(`Scores by ${field}: the bar is the middle half of each group's rows, the mark its median.`, {
    height: 40 + 24 * shown.length,
    marginLeft: 160,
    x: { label: measure, grid: true },
    y: { label: null, domain: shown.map(({ name }) => name), tickFormat: (name: string) => cut(name, 24) },
    marks: [
      Plot.barX(shown, {
        y: 'name',
        x1: 'quarter',
        x2: 'threeQuarters',
        fill: 'var(--bar)',
        insetTop: 4,
        insetBottom: 4,
      }),
      Plot.tickX(shown, { y: 'name', x: 'median', stroke: 'var(--accent)', strokeWidth: 3 }),
    ],
  });
}

export function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
