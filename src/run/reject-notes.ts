import { InformError } from '../errors.js';
import { rejectKind } from '../input/rejects.js';
import { formatCount } from '../util/format.js';

/** So many rows are named for each reason. */
const SHOWN_EACH = 5;
/** So many reasons are told apart. */
const MOST_REASONS = 10;

interface Reason {
  /** Rows rejected for it. */
  count: number;
  /** The last row that was named, and why it was rejected. */
  like: string;
}

/** Says which rows are rejected and why: of each reason the first few at once, all others as a count at the end. */
export class RejectNotes {
  readonly #reasons = new Map<string, Reason>();
  /** Rows rejected for reasons beyond the first MOST_REASONS. */
  #others = 0;
  #first: { place: string; error: InformError } | undefined;

  constructor(private readonly note: (line: string) => void) {}

  /** @param place the row's file and line */
  add(place: string, error: InformError): void {
    this.#first ??= { place, error };
    const kind = kindOf(error);
    let reason = this.#reasons.get(kind);
    if (reason === undefined) {
      if (this.#reasons.size === MOST_REASONS) {
        this.#others++;
        return;
      }
      reason = { count: 0, like: '' };
      this.#reasons.set(kind, reason);
    }
    if (++reason.count > SHOWN_EACH) return;
    reason.like = `${place}: ${error.message} [${error.code}]`;
    this.note(`Rejected ${reason.like}`);
  }

  /** One line for each reason with more rows than were named. */
  sumUp(): void {
    for (const { count, like } of this.#reasons.values()) {
      if (count > SHOWN_EACH) this.note(`Rejected ${formatCount(count - SHOWN_EACH)} more like ${like}`);
    }
    if (this.#others > 0) this.note(`Rejected ${formatCount(this.#others)} more for other reasons`);
  }

  /**
   * The error of a run that rejected every row.
   *
   * @param total rejected rows, those of an earlier run included
   */
  nothingScored(total: number): InformError {
    const rows = total === 1 ? 'The only row' : `Each of the ${formatCount(total)} rows`;
    const where = total === 1 ? '' : 'the first, ';
    const example = this.#first && ` (${where}${this.#first.place}: ${this.#first.error.message})`;
    return new InformError(
      this.#first?.error.code ?? 'INFORM_INVALID_SAMPLE',
      `${rows} was rejected${example ?? ''}, so nothing was scored and no output is written.`,
    );
  }
}

function kindOf({ code, message }: InformError): string {
  return `${code} ${rejectKind(message)}`;
}
