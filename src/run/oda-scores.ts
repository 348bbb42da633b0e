import path from 'node:path';
import { LineSplitter } from '../input/jsonl.js';
import { readChunks } from '../input/source.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { entryOf, jsonLine, withOutputErrors } from '../util/files/file-errors.js';
import { rejectsOf } from '../input/rejects.js';
import { parseResultLine } from './output/results.js';
import { scoreMembers } from './output/row-scores.js';
import { makeFolder } from '../util/files/make-folder.js';

/** A rejected row's sample may fill its line. */
const MAX_LINE_BYTES = 256 * 2 ** 20;
const WRITE_CHARACTERS = 2 ** 18;

/** A scorer's finished output. */
export interface ScorerOutput {
  name: string;
  output: string;
}

/** Makes the folders of outputs. Throws INFORM_OUTPUT_UNWRITABLE. */
export async function makeFoldersOf(outputs: readonly string[]): Promise<void> {
  for (const output of outputs) {
    const folder = path.dirname(output);
    await withOutputErrors(folder, makeFolder(folder));
  }
}

/** A result as OpenDataArena's toolkit writes it: `{"id": 0, "scores": {"InfOrmScorer": {"score": 4.5}}}`. */
export function pointwiseLine(idJson: string, scores: readonly (readonly [scorer: string, json: string])[]): string {
  const members = scores.map(([scorer, json]) => `${JSON.stringify(scorer)}: ${json}`);
  return jsonLine([
    ['id', idJson],
    ['scores', `{${members.join(', ')}}`],
  ]);
}

/** A scorer's part of such a line, of a result as ours are written. */
export function scorerPart(result: string): { idJson: string; json: string } {
  const { idJson, score } = parseResultLine(result);
  return { idJson, json: jsonLine(scoreMembers(score)).trimEnd() };
}

/**
 * Puts the results of scorers over the same input together, in its order. A row that a scorer rejected lacks that scorer.
 *
 * @returns how many rows have a score
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function writePointwise(target: string, scorers: readonly ScorerOutput[]): Promise<number> {
  const cursors = scorers.map(({ name, output }) => ({ name, rows: resultRows(output) }));
  let count = 0;
  await writeFilesAtomically([{ path: target, bytes: 0 }], async ([file]) => {
    let text = '';
    const heads = await Promise.all(cursors.map(({ rows }) => rows.next()));
    for (;;) {
      const row = Math.min(...heads.map((head) => (head.done === true ? Infinity : head.value.row)));
      if (row === Infinity) break;
      let idJson = '';
      const parts: [string, string][] = [];
      for (const [at, { name, rows }] of cursors.entries()) {
        const head = heads[at];
        if (head === undefined || head.done === true || head.value.row !== row) continue;
        idJson = head.value.idJson;
        parts.push([name, head.value.json]);
        heads[at] = await rows.next();
      }
      text += pointwiseLine(idJson, parts);
      count++;
      if (text.length < WRITE_CHARACTERS) continue;
      if (file !== undefined) await writeFully(file.handle, Buffer.from(text));
      text = '';
    }
    if (file !== undefined) await writeFully(file.handle, Buffer.from(text));
    await file?.handle.sync();
  });
  return count;
}

/** The lines of an output with the numbers of their rows, which are those that are not among the rejects. */
async function* resultRows(output: string): AsyncGenerator<{ row: number; idJson: string; json: string }> {
  const rejects = linesOf(rejectsOf(output));
  let rejected = await nextRejected(rejects);
  let row = 0;
  for await (const line of linesOf(output)) {
    for (; rejected === row; row++) rejected = await nextRejected(rejects);
    yield { row, ...scorerPart(line) };
    row++;
  }
}

async function nextRejected(rejects: AsyncGenerator<string>): Promise<number | undefined> {
  const next = await rejects.next();
  return next.done === true ? undefined : (JSON.parse(next.value) as { row: number }).row;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  if ((await entryOf(file)) === undefined) return;
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  for await (const chunk of readChunks(file)) {
    for (const { bytes } of splitter.push(chunk)) yield bytes?.toString('utf8') ?? '';
  }
}
