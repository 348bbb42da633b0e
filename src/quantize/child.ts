/**
 * The process that `quantizer.ts` starts: runs one job and answers with a message. llama.cpp's quantizer blocks, cannot be
 * cancelled and may abort, so it is given a process that can be killed.
 */

import { rmSync } from 'node:fs';
import { toInformError, type ErrorCode } from '../errors.js';
import type { NativeQuantizeOptions } from '../addon/load-addon.js';
import { runQuantizer } from '../addon/quantize.js';

export type QuantizerJob = Omit<NativeQuantizeOptions, 'backendDir'>;

/** llama.cpp's log, or why it failed. */
export type QuantizerReply = { log: string[] } | { error: { code: ErrorCode; message: string } };

const send = process.send?.bind(process);
if (send === undefined) throw new Error('This file is started by inform-score quantize.');

// Ctrl-C reaches every process of the terminal's group; the parent decides what it means and ends this one.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.once('message', (job: QuantizerJob) => {
  // The parent is gone without a word: nobody else can end this process and remove its file.
  process.once('disconnect', () => {
    if (!job.dryRun) rmSync(job.output, { force: true });
    process.kill(process.pid, 'SIGKILL');
  });
  void run(job).then((reply) => {
    process.removeAllListeners('disconnect');
    send(reply, () => {
      process.disconnect();
    });
  });
});

async function run(job: QuantizerJob): Promise<QuantizerReply> {
  try {
    return { log: await runQuantizer(job) };
  } catch (error) {
    const { code, message } = toInformError(error);
    return { error: { code, message } };
  }
}
