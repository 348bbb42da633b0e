import { convertCheckpoint, type Conversion, type ConvertOptions } from '../convert/convert.js';
import { onInterrupt } from './interrupt.js';
import { formatBytes } from '../util/format.js';
import { Progress } from './terminal-progress.js';

/** Converts a checkpoint folder with progress on standard error. An interrupted conversion leaves nothing behind. */
export async function runConvert(
  checkpoint: string,
  output: string,
  options: Pick<ConvertOptions, 'type' | 'splitMaxBytes' | 'overwrite'>,
): Promise<void> {
  const progress = new Progress();
  const interrupt = onInterrupt();
  let made: Conversion;
  try {
    made = await convertCheckpoint(checkpoint, output, {
      ...options,
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
  const [first = output] = made.paths;
  const names = made.paths.length === 1 ? first : `${made.paths.length} files from ${first} on`;
  process.stderr.write(`Converted ${checkpoint} to ${names} (${options.type}, ${formatBytes(made.bytes)})\n`);
}
