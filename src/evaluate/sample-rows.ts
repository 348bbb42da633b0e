import { InformError } from '../errors.js';
import { readRows } from '../input/rows.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { Random } from '../util/random.js';

const SEED = 20261128;

/**
 * Writes some of the rows of a file, chosen at random with a fixed seed, in their order. A row without an id has its number for one. The
 * same file gives the same bytes.
 *
 * @returns how many rows were written
 * @throws InformError INFORM_INPUT_UNREADABLE, INFORM_INVALID_SAMPLE for a file without rows
 */
export async function sampleRows(data: readonly string[], most: number, path: string): Promise<number> {
  let rows = 0;
  for await (const row of readRows(data)) if (row.ok) rows++;
  if (rows === 0)
    throw new InformError('INFORM_INVALID_SAMPLE', `${data.join(', ')} holds no rows, so there is nothing to score.`);
  let left = Math.min(most, rows);
  const written = left;
  await writeFilesAtomically([{ path, bytes: 0 }], async ([file]) => {
    const random = new Random(SEED);
    for await (const row of readRows(data)) {
      if (!row.ok) continue;
      // Of the rows that are still to come, so many are still to be taken: each choice of rows is as likely as any other.
      const taken = random.below(rows--) < left;
      if (!taken || file === undefined) continue;
      left--;
      const text = row.id === undefined ? JSON.stringify({ id: row.row, ...(row.value as object) }) : oneLine(row.text);
      await writeFully(file.handle, Buffer.from(`${text}\n`));
    }
  });
  return written;
}

/** A row of a JSON file may have several lines; between the values of JSON a line break is a space. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]+/g, ' ');
}
