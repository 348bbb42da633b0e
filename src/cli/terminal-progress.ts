import { formatDuration } from '../util/format.js';
import type { ProgressStatus } from '../util/progress-status.js';
import { printable } from '../util/printable.js';
import { errorStream } from './terminal.js';

/** How progress is shown: a bar that redraws itself, a plain line now and then, or not at all. */
export type ProgressMode = 'auto' | 'bar' | 'plain' | 'none';

/** The part of a writable stream that is needed. */
export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

export interface ProgressOptions {
  /** 'auto': a bar on a terminal, plain lines elsewhere. */
  mode?: ProgressMode | undefined;
  stream?: ProgressStream | undefined;
  /** Milliseconds from any fixed moment. */
  now?: (() => number) | undefined;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;
const BAR_CELLS = { least: 8, most: 30 };
const DEFAULT_COLUMNS = 80;
/** The time left goes by how fast this stretch of time went, so that what a resumed run found done and a slow start do not count. */
const WINDOW_MS = 60_000;
const ERASE_LINE = '\r\x1b[K';

/** Shows one activity at a time. It keeps no timer: it draws only when told something. */
export class Progress {
  readonly #mode: Exclude<ProgressMode, 'auto'>;
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #label: string | undefined;
  /** When how much was done, within the last stretch of time; the oldest first. */
  #marks: { at: number; fraction: number }[] = [];
  #shownAt = 0;
  #drawn = false;

  constructor(options: ProgressOptions = {}) {
    const { mode = 'auto', stream = errorStream, now = () => performance.now() } = options;
    this.#mode = mode === 'auto' ? (stream.isTTY === true && process.env['TERM'] !== 'dumb' ? 'bar' : 'plain') : mode;
    this.#stream = stream;
    this.#now = now;
  }

  update(status: ProgressStatus): void {
    if (this.#mode === 'none') return;
    const now = this.#now();
    if (status.label !== this.#label) {
      this.#label = status.label;
      this.#marks = [];
      // A bar shows at once; a plain line only once the activity has lasted.
      this.#shownAt = this.#mode === 'bar' ? -Infinity : now;
    }
    this.#mark(now, status.fraction);
    if (now - this.#shownAt < (this.#mode === 'bar' ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#shownAt = now;
    const parts = partsOf(status, this.#secondsLeft());
    if (this.#mode === 'plain') {
      this.#stream.write(
        `${printable([status.label, joined(parts).join(', ')].filter((text) => text !== '').join(': '))}\n`,
      );
    } else {
      this.#stream.write(ERASE_LINE + barLine(status, parts, (this.#stream.columns ?? DEFAULT_COLUMNS) - 1));
      this.#drawn = true;
    }
  }

  /** Writes a line of its own without tearing the bar, which comes back with the next update. */
  note(line: string): void {
    this.clear();
    this.#stream.write(`${printable(line)}\n`);
  }

  /** Takes the bar off the screen, at the end or before others write to the same terminal. */
  clear(): void {
    if (!this.#drawn) return;
    this.#stream.write(ERASE_LINE);
    this.#drawn = false;
    this.#shownAt = -Infinity;
  }

  #mark(now: number, fraction: number | undefined): void {
    if (fraction === undefined) return;
    const last = this.#marks.at(-1);
    // One a second is enough for a minute; the newest is always the latest.
    if (this.#marks.length > 1 && last !== undefined && now - (this.#marks.at(-2)?.at ?? 0) < 1000) this.#marks.pop();
    this.#marks.push({ at: now, fraction: clamp(fraction) });
    while (this.#marks.length > 2 && now - (this.#marks[1]?.at ?? now) >= WINDOW_MS) this.#marks.shift();
  }

  #secondsLeft(): number | undefined {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    if (first === undefined || last === undefined || last.fraction <= first.fraction) return undefined;
    return (((last.at - first.at) / 1000) * (1 - last.fraction)) / (last.fraction - first.fraction);
  }
}

interface Parts {
  readonly percent: string[];
  readonly details: readonly string[];
  readonly left: string[];
}

function partsOf({ fraction, details = [], timeLeft = false }: ProgressStatus, secondsLeft: number | undefined): Parts {
  return {
    percent: fraction === undefined ? [] : [`${Math.floor(clamp(fraction) * 100)} %`],
    details,
    left: timeLeft && secondsLeft !== undefined ? [`${formatDuration(secondsLeft)} left`] : [],
  };
}

function joined({ percent, details, left }: Parts): string[] {
  return [...percent, ...details, ...left];
}

/** Label, bar and as many whole parts as fit into `columns`: the details go first, then the percent, the time left last. */
function barLine(status: ProgressStatus, parts: Parts, columns: number): string {
  const fitting: Parts[] = [
    ...parts.details.map((_, i) => ({ ...parts, details: parts.details.slice(0, parts.details.length - i) })),
    { ...parts, details: [] },
    { percent: [], details: [], left: parts.left },
  ];
  const lengthOf = (some: Parts): number => [status.label, ...joined(some)].join('  ').length;
  const shown = fitting.find((some) => lengthOf(some) <= columns) ?? { percent: [], details: [], left: [] };
  const text = joined(shown);
  const room = columns - lengthOf(shown) - 2;
  const cells = status.fraction === undefined ? 0 : Math.min(room, BAR_CELLS.most);
  const bar = cells < BAR_CELLS.least ? [] : [drawBar(clamp(status.fraction ?? 0), cells)];
  return printable([status.label, ...bar, ...text].join('  ')).slice(0, Math.max(columns, 0));
}

function drawBar(fraction: number, cells: number): string {
  const full = Math.floor(fraction * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

function clamp(fraction: number): number {
  return Math.min(Math.max(fraction, 0), 1);
}
