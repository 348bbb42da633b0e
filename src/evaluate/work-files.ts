import type { RunOptions } from '../options/table.js';
import type { RunSettings } from '../run/settings.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import type { Item, ReadItem } from './items.js';

/** The files of an evaluation beside its results. */
export interface EvaluationPaths {
  /** The scores of each item, which stay. */
  scores: string;
  /** The rows that are scored and their scores, while the evaluation goes on. */
  rows: string;
  run: string;
}

export function pathsFor(output: string): EvaluationPaths {
  const stem = output.replace(/\.json$/, '');
  return { scores: `${stem}.scores.jsonl`, rows: `${stem}.rows.jsonl`, run: `${stem}.run.jsonl` };
}

/**
 * A run over rows of ours: they have one form and go to one place, whatever a configuration file says of others. Its journal stays when it
 * is complete, so that what comes after it can be tried again.
 */
export function ownRun(
  options: RunOptions,
  settings: RunSettings,
  { rows, run }: Pick<EvaluationPaths, 'rows' | 'run'>,
): { options: RunOptions; settings: RunSettings } {
  const own = { input: [rows], output: run, map: undefined, system: undefined, join: false, format: 'jsonl' } as const;
  return { options: { ...options, ...own }, settings: { ...settings, shard: { index: 1, count: 1 } } };
}

const BLOCK_CHARACTERS = 1 << 20;

/**
 * Writes a benchmark as rows to score, which have their numbers as ids: those of a benchmark need not be unique. The same benchmark gives the
 * same bytes, so that an evaluation which is begun again resumes its run.
 */
export async function writeRows(path: string, read: AsyncIterable<ReadItem>): Promise<Item[]> {
  const items: Item[] = [];
  await writeFilesAtomically([{ path, bytes: 0 }], async ([file]) => {
    if (file === undefined) return;
    let block = '';
    for await (const { item, conversations } of read) {
      block += `${rowOf(items.length, conversations)}\n`;
      items.push(item);
      if (block.length < BLOCK_CHARACTERS) continue;
      await writeFully(file.handle, Buffer.from(block));
      block = '';
    }
    await writeFully(file.handle, Buffer.from(block));
  });
  return items;
}

function rowOf(id: number, conversations: ReadItem['conversations']): string {
  const [chosen, rejected] = conversations;
  if (conversations.length === 2) return JSON.stringify({ id, chosen, rejected });
  const prompt = chosen?.slice(0, -1) ?? [];
  return JSON.stringify({ id, prompt, responses: conversations.map((turns) => turns.at(-1)?.content ?? '') });
}
