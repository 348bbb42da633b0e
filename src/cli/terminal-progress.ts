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
const ERASE_LINE = '\r\x1b[K';

/** Shows one activity at a time. It keeps no timer: it draws only when told something. */
export class Progress {
  readonly #mode: Exclude<ProgressMode, 'auto'>;
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #label: string | undefined;
  #startedAt = 0;
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
      this.#startedAt = now;
      // A bar shows at once; a plain line only once the activity has lasted.
      this.#shownAt = this.#mode === 'bar' ? -Infinity : now;
    }
    if (now - this.#shownAt < (this.#mode === 'bar' ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#shownAt = now;
    const parts = this.#parts(status, (now - this.#startedAt) / 1000);
    if (this.#mode === 'plain') {
      this.#stream.write(`${printable([status.label, parts.join(', ')].filter((text) => text !== '').join(': '))}\n`);
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

  #parts(status: ProgressStatus, seconds: number): string[] {
    const { fraction, details = [], timeLeft = false } = status;
    const parts = fraction === undefined ? [] : [`${Math.floor(clamp(fraction) * 100)} %`];
    parts.push(...details);
    if (timeLeft && fraction !== undefined && fraction > 0 && seconds > 0) {
      parts.push(`${formatDuration((seconds * (1 - clamp(fraction))) / clamp(fraction))} left`);
    }
    return parts;
  }
}

/** Label, bar and as many parts as fit into `columns`. */
function barLine(status: ProgressStatus, parts: readonly string[], columns: number): string {
  const text = parts.join('  ');
  const room = columns - status.label.length - text.length - 4;
  const cells = status.fraction === undefined ? 0 : Math.min(room, BAR_CELLS.most);
  const bar = cells < BAR_CELLS.least ? '' : `  ${drawBar(clamp(status.fraction ?? 0), cells)}`;
  return printable(`${status.label}${bar}  ${text}`).slice(0, Math.max(columns, 0));
}

function drawBar(fraction: number, cells: number): string {
  const full = Math.floor(fraction * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

function clamp(fraction: number): number {
  return Math.min(Math.max(fraction, 0), 1);
}
