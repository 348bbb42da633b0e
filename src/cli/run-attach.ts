import { attachHead } from '../head/attach.js';
import { onInterrupt } from './interrupt.js';
import { formatBytes } from '../util/format.js';
import { Progress } from './terminal-progress.js';

/** Attaches a head with progress on standard error. Interrupted, it leaves nothing behind. */
export async function runAttach(backbone: string, head: string, output: string, overwrite: boolean): Promise<void> {
  const progress = new Progress();
  const interrupt = onInterrupt();
  try {
    const { outputBytes, differentNames } = await attachHead(backbone, head, output, {
      overwrite,
      signal: interrupt.signal,
      onProgress: ({ bytesWritten, totalBytes }) => {
        progress.update({
          label: 'Copying',
          fraction: bytesWritten / totalBytes,
          timeLeft: true,
          details: [`${formatBytes(bytesWritten)} of ${formatBytes(totalBytes)}`],
        });
      },
    });
    if (differentNames !== undefined) {
      progress.note(
        `Warning: the backbone is called ${JSON.stringify(differentNames.backbone)} and the head's model ${JSON.stringify(differentNames.head)}. A head scores only with the backbone that it was trained with.`,
      );
    }
    progress.note(`Attached the score head of ${head} to ${backbone} as ${output} (${formatBytes(outputBytes)})`);
  } finally {
    progress.clear();
    interrupt.release();
  }
}
