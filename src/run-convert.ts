import { stat } from 'node:fs/promises';
import { convertCheckpoint, type ConversionType } from './convert/convert.js';
import { InformError } from './errors.js';
import { onInterrupt } from './interrupt.js';
import { formatBytes, Progress } from './progress.js';

/** Converts a checkpoint folder with progress on standard error. An interrupted conversion leaves nothing behind. */
export async function runConvert(
  checkpoint: string,
  output: string,
  type: ConversionType,
  overwrite: boolean,
): Promise<void> {
  if (!overwrite && (await exists(output))) {
    throw new InformError('INFORM_OUTPUT_UNWRITABLE', `${output} exists already. Pass --overwrite to replace it.`);
  }
  const progress = new Progress();
  const interrupt = onInterrupt();
  try {
    await convertCheckpoint(checkpoint, output, {
      type,
      signal: interrupt.signal,
      onProgress: ({ bytesWritten, totalBytes }) => {
        progress.update({
          label: 'Converting',
          fraction: bytesWritten / totalBytes,
          timeLeft: true,
          details: [`${formatBytes(bytesWritten)} of ${formatBytes(totalBytes)}`],
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
