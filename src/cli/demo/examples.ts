import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkNewFile } from '../../util/files/new-file.js';
import { writeSmallFile } from '../../util/files/small-file.js';
import { packageRoot } from '../../util/package-root.js';

/** Judged answers from AlpacaEval, three to an instruction; examples/README.md names source and licence. */
const EXAMPLES = path.join('examples', 'alpaca-eval-judged.jsonl');

export interface JudgedAnswer {
  /** The instruction's number and what the judge found the answer to be: `65-good`. */
  readonly id: string;
  readonly instruction: string;
  readonly output: string;
  /** How likely the judge prefers the answer to that of a fixed strong model, 0 to 1. */
  readonly win_rate: number;
}

/** The answers, those to one instruction together and best first. */
export async function readExamples(): Promise<JudgedAnswer[]> {
  const text = await readText();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JudgedAnswer);
}

/**
 * Writes the answers to a file of the user's, as JSON Lines.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function copyExamples(file: string, overwrite: boolean): Promise<void> {
  await checkNewFile(file, [path.join(packageRoot(), EXAMPLES)], overwrite);
  await writeSmallFile(file, await readText());
}

async function readText(): Promise<string> {
  return readFile(path.join(packageRoot(), EXAMPLES), 'utf8');
}
