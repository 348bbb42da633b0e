import { stat } from 'node:fs/promises';
import { convertCheckpoint } from './convert/convert.js';
import type { ConversionType } from './convert/tensor-types.js';
import { onInterrupt } from './interrupt.js';
import { entryOf, unwritable } from './io/output.js';
import { formatBytes, Progress } from './progress.js';

/** Converts a checkpoint folder with progress on standard error. An interrupted conversion leaves nothing behind. */
export async function runConvert(
  checkpoint: string,
  output: string,
  type: ConversionType,
  overwrite: boolean,
): Promise<void> {
  if (!overwrite && (await entryOf(output)) !== undefined) {
    throw unwritable(output, 'exists already. Pass --overwrite to replace it.');
  }
  const progress = new Progress();
  const interrupt = onInterrupt();
  try {
    await convertCheckpoint(checkpoint, output, {
      type,
      signal: interrupt.signal,
      onProgress: ({ bytesDone, totalBytes }) => {
        progress.update({
          label: 'Converting',
          fraction: bytesDone / totalBytes,
          timeLeft: true,
          details: [`${formatBytes(bytesDone)} of ${formatBytes(totalBytes)}`],
        });
      },
    });
  } finally {
    progress.clear();
    interrupt.release();
  }
  const { size } = await stat(output);
  process.stderr.write(`Converted ${checkpoint} to ${output} (${type}, ${formatBytes(size)})\n`);
}
