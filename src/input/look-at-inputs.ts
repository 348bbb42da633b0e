import { stat } from 'node:fs/promises';
import { readRows, type ReadOptions } from './rows.js';
import type { SampleReader } from './sample-reader.js';
import { STDIN } from './source.js';
import { FirstRows } from './wrong-input.js';

/** So many inputs are named. */
const MOST_NAMED = 5;

/**
 * Looks at the first rows of every input that can be read twice, so that a wrong one costs nothing else. Gives a line for each
 * of the first few, which says how it is read.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function lookAtInputs(
  inputs: readonly string[],
  reader: SampleReader,
  options: Pick<ReadOptions, 'maxLineBytes' | 'signal'>,
): Promise<string[]> {
  const notes: string[] = [];
  for (const input of inputs) {
    if (input === STDIN || !(await stat(input)).isFile()) continue;
    const note = await lookAt(input, reader, options, inputs.length === 1);
    if (note !== undefined) notes.push(note);
  }
  if (notes.length <= MOST_NAMED) return notes;
  return [...notes.slice(0, MOST_NAMED), `and ${notes.length - MOST_NAMED} more inputs`];
}

async function lookAt(
  input: string,
  reader: SampleReader,
  options: Pick<ReadOptions, 'maxLineBytes' | 'signal'>,
  isAll: boolean,
): Promise<string | undefined> {
  const first = new FirstRows(reader);
  let format = '';
  const onFormat = (name: string): void => {
    format = name;
  };
  for await (const row of readRows([input], { ...options, onFormat })) {
    first.add(row);
    if (first.isEnough) break;
  }
  if (isAll && !first.isEnough) first.end();
  return first.shape && `${input}: ${format}, read as ${first.shape.name}`;
}
