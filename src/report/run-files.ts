import type { ScoredRow } from '../curate/scored-rows.js';
import { InformError } from '../errors.js';
import { rejectsOf } from '../input/rejects.js';
import { readRows, type InputRow } from '../input/rows.js';
import { entryOf } from '../util/files/file-errors.js';

/** The rows whose sequences were longer than max_length and cut, as the log of the run names them. */
export class CutRows {
  /** How often each stands in the log, by line and id. */
  readonly #rows = new Map<string, number>();
  #found = 0;

  private constructor(
    private readonly log: string,
    /** Whether the log's rows are told by their lines, too, which are those of the data. */
    private readonly hasLines: boolean,
  ) {}

  /** @throws InformError INFORM_INPUT_UNREADABLE for what is no log of a run */
  static async read(log: string, hasLines: boolean): Promise<CutRows> {
    const cut = new CutRows(log, hasLines);
    let isLog = false;
    for await (const row of readRows([log])) {
      // A run that was killed may leave half a line.
      if (!row.ok) continue;
      const { event, resumed, line } = row.value as Record<string, unknown>;
      isLog ||= event === 'start';
      // Logs are appended to: what comes before the run that made these scores is of another.
      if (event === 'start' && resumed === undefined) cut.#rows.clear();
      if (event === 'truncated' && row.id !== undefined) cut.#add(Number(line), row.id.json);
    }
    if (isLog) return cut;
    throw new InformError('INFORM_INPUT_UNREADABLE', `${log} is no log of a run. Name the file that --log wrote.`);
  }

  /** Whether a row was cut. Rows come in the input's order, each once. */
  has({ row, idJson }: ScoredRow): boolean {
    const key = this.#keyOf(row.line, idJson);
    const left = this.#rows.get(key) ?? 0;
    if (left === 0) return false;
    this.#rows.set(key, left - 1);
    this.#found++;
    return true;
  }

  /** Throws INFORM_SCORES_DO_NOT_FIT where the log names rows, and none of them was seen. */
  end(scores: string): void {
    const [missed] = this.#rows.keys();
    if (missed === undefined || this.#found > 0) return;
    throw new InformError(
      'INFORM_SCORES_DO_NOT_FIT',
      `${this.log} is the log of another run: it has cut rows, and none of them is in ${scores}. Name the log of the run that wrote it.`,
    );
  }

  #add(line: number, idJson: string): void {
    const key = this.#keyOf(line, idJson);
    this.#rows.set(key, (this.#rows.get(key) ?? 0) + 1);
  }

  #keyOf(line: number, idJson: string): string {
    return this.hasLines ? `${line} ${idJson}` : idJson;
  }
}

/** Why rows were rejected, from the file that a run leaves beside its scores; both in the order of the input. */
export class Rejects {
  readonly #rows: AsyncGenerator<InputRow>;
  #next: InputRow | undefined;

  private constructor(file: string) {
    this.#rows = readRows([file]);
  }

  /** Undefined where the run left none. */
  static async beside(scores: string): Promise<Rejects | undefined> {
    const file = rejectsOf(scores);
    return (await entryOf(file))?.isFile() === true ? new Rejects(file) : undefined;
  }

  /** The reason for a row, by its number, which rises from call to call. */
  async reasonOf(number: number): Promise<string | undefined> {
    for (;;) {
      this.#next ??= await this.#take();
      if (this.#next === undefined) return undefined;
      const { row, reason } = rejectIn(this.#next);
      if (row > number) return undefined;
      this.#next = undefined;
      if (row === number) return reason;
    }
  }

  /** All that are left. */
  async *reasons(): AsyncGenerator<string> {
    for (let next = await this.#take(); next !== undefined; next = await this.#take()) {
      const { reason } = rejectIn(next);
      if (reason !== undefined) yield reason;
    }
  }

  async close(): Promise<void> {
    await this.#rows.return(undefined);
  }

  async #take(): Promise<InputRow | undefined> {
    const next = await this.#rows.next();
    return next.done === true ? undefined : next.value;
  }
}

function rejectIn(line: InputRow): { row: number; reason: string | undefined } {
  const { row, reason } = (line.ok ? line.value : {}) as Record<string, unknown>;
  return { row: typeof row === 'number' ? row : -1, reason: typeof reason === 'string' ? reason : undefined };
}
