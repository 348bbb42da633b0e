import { createHash } from 'node:crypto';
import { writeFully, type TemporaryFile } from '../util/files/atomic-file.js';
import type { Candidate } from './candidates.js';
import type { Pair } from './pairs.js';
import type { ScoredRow } from './scored-rows.js';
import { bestAnswerLine, decisionLine, pairLine, rowLine } from './selection-lines.js';
import type { TextReader } from './text.js';

export interface Selection {
  rows: readonly Candidate[];
  /** In place of rows. */
  pairs: ReadonlyMap<number, Pair> | undefined;
  /** Whether of several answers only the best is written. */
  bestAnswer: boolean;
}

export interface Written {
  /** Rows, or pairs. */
  lines: number;
  /** SHA-256. */
  kept: string;
  decisions: string;
}

/** Writes what is kept, and the decisions, in the order of the input, which is read again. */
export async function writeSelection(
  { rows, pairs, bestAnswer }: Selection,
  data: AsyncIterable<ScoredRow>,
  reader: TextReader,
  files: { kept: TemporaryFile; decisions: TemporaryFile },
): Promise<Written> {
  const kept = new LineFile(files.kept);
  const decisions = new LineFile(files.decisions);
  const partners = pairs && new Partners(pairs);
  let number = 0;
  for await (const row of data) {
    const decision = rows[number];
    if (decision === undefined) break; // the data has grown; the hashes tell
    await decisions.add(decisionLine(number, row, decision));
    if (decision.dropped === undefined) {
      if (partners !== undefined) {
        const pair = partners.pairOf(number, row);
        if (pair !== undefined) await kept.add(pairLine(pair.chosen, pair.rejected, reader));
      } else {
        const isSeveral = bestAnswer && row.scores !== undefined && row.scores.answers !== 'one';
        await kept.add(isSeveral ? bestAnswerLine(row, reader) : rowLine(row));
      }
    }
    number++;
  }
  return { kept: await kept.end(), decisions: await decisions.end(), lines: kept.lines };
}

/** Answers that wait for the row that they are paired with. */
class Partners {
  readonly #waiting = new Map<number, ScoredRow>();
  readonly #pairs: ReadonlyMap<number, Pair>;

  constructor(pairs: ReadonlyMap<number, Pair>) {
    this.#pairs = new Map(
      [...pairs.values()].flatMap((pair) => [
        [pair.chosen, pair],
        [pair.rejected, pair],
      ]),
    );
  }

  /** The pair that this row makes complete. */
  pairOf(number: number, row: ScoredRow): { chosen: ScoredRow; rejected: ScoredRow } | undefined {
    const pair = this.#pairs.get(number);
    if (pair === undefined) return undefined;
    const other = number === pair.chosen ? pair.rejected : pair.chosen;
    const partner = other === number ? row : this.#waiting.get(other);
    if (partner === undefined) {
      this.#waiting.set(number, row);
      return undefined;
    }
    this.#waiting.delete(other);
    return number === pair.chosen ? { chosen: row, rejected: partner } : { chosen: partner, rejected: row };
  }
}

const BLOCK_CHARACTERS = 1 << 18;

/** Lines on their way into a file, a block at a time. */
class LineFile {
  lines = 0;
  #block: string[] = [];
  #characters = 0;
  readonly #hash = createHash('sha256');

  constructor(private readonly file: TemporaryFile) {}

  async add(line: string): Promise<void> {
    this.lines++;
    this.#block.push(line);
    this.#characters += line.length;
    if (this.#characters >= BLOCK_CHARACTERS) await this.#flush();
  }

  /** @returns the file's SHA-256 */
  async end(): Promise<string> {
    await this.#flush();
    return this.#hash.digest('hex');
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#block.join(''));
    this.#block = [];
    this.#characters = 0;
    this.#hash.update(bytes);
    await writeFully(this.file.handle, bytes);
  }
}
