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
