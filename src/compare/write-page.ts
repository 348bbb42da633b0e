import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import type { Comparison } from './compare.js';
import { comparisonPage } from './page.js';

/** @throws InformError INFORM_OUTPUT_UNWRITABLE */
export async function writePage(output: string, comparison: Comparison): Promise<void> {
  const page = Buffer.from(comparisonPage(comparison));
  await writeFilesAtomically([{ path: output, bytes: page.length }], async ([file]) => {
    if (file !== undefined) await writeFully(file.handle, page);
  });
}
