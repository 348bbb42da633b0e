import { stat } from 'node:fs/promises';

import { confirmOnTerminal } from './confirm.js';
import type { ConversionType } from '../convert/tensor-types.js';
import { formatHubId, requireHubId } from '../models/hub/hub-id.js';
import { pullModel } from '../models/hub/pull.js';
import { onInterrupt } from './interrupt.js';
import { formatBytes } from '../util/format.js';
import { Progress } from './terminal-progress.js';

export interface PullSettings {
  readonly revision?: string | undefined;
  readonly type: ConversionType;
  readonly deleteShards: boolean;
  readonly yes: boolean;
}

/** Makes a model of the hub ready ahead of time, with progress on standard error. Prints the path of its GGUF file. */
export async function runPull(name: string, { revision, type, deleteShards, yes }: PullSettings): Promise<void> {
  const id = requireHubId(name, revision);
  const progress = new Progress();
  const interrupt = onInterrupt();
  const { signal } = interrupt;
  const beforeAsking = (): void => {
    progress.clear();
  };
  let path: string;
  try {
    path = await pullModel(id, {
      type,
      deleteShards,
      signal,
      confirm: confirmOnTerminal({ yes, signal, beforeAsking }),
      onProgress: (status) => {
        progress.update(status);
      },
    });
  } finally {
    progress.clear();
    interrupt.release();
  }
  const { size } = await stat(path);
  const model = formatHubId(id);
  process.stderr.write(`${model} is ready (${formatBytes(size)}). Score with: -m ${model} --type ${type}\n`);
  process.stdout.write(`${path}\n`);
}
