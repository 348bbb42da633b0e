import { onInterrupt } from './interrupt.js';
import { formatBytes, formatCount } from '../util/format.js';
import { Progress } from './terminal-progress.js';
import { quantizeModel } from '../quantize/quantize.js';
import type { QuantizedType } from '../gguf/model-types.js';

export interface QuantizeRun {
  readonly type: QuantizedType;
  readonly imatrix: string | undefined;
  readonly threads: number;
  readonly overwrite: boolean;
}

/** Quantizes a GGUF file with progress on standard error. Interrupted, it leaves nothing behind. */
export async function runQuantize(input: string, output: string, run: QuantizeRun): Promise<void> {
  const progress = new Progress();
  const interrupt = onInterrupt();
  try {
    const result = await quantizeModel(input, output, {
      ...run,
      signal: interrupt.signal,
      onProgress: ({ bytesWritten, totalBytes }) => {
        progress.update({
          label: 'Quantizing',
          fraction: bytesWritten / totalBytes,
          timeLeft: true,
          details: [`${formatBytes(bytesWritten)} of ${formatBytes(totalBytes)}`],
        });
      },
    });
    const [first] = result.withoutImportance;
    if (first !== undefined) {
      progress.note(
        `Warning: ${run.imatrix ?? ''} says nothing about ${formatCount(result.withoutImportance.length)} matrices, among them ${first}; they are quantized without it.`,
      );
    }
    if (!result.hasHead) {
      progress.note(
        `Note: ${input} has no score head; give it one with inform-score attach, or score with --score-head.`,
      );
    }
    progress.note(
      `Quantized ${input} to ${output} (${run.type}, ${formatBytes(result.inputBytes)} to ${formatBytes(result.outputBytes)})`,
    );
  } finally {
    progress.clear();
    interrupt.release();
  }
}
