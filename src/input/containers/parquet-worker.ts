import { parentPort, workerData } from 'node:worker_threads';
import type { FileMetaData } from 'hyparquet';
import { messageOf } from '../../errors.js';
import { readGroup, rowText } from './parquet-group.js';
import type { BatchReply, BatchRequest } from './parquet-thread.js';

// The thread that decodes: it may be ended when a file makes it compute, or allocate, without end.

const { path, metadata } = workerData as { path: string; metadata: FileMetaData };
let rows: Record<string, unknown>[] = [];

async function answer({ rowStart, rowEnd, from, count }: BatchRequest): Promise<BatchReply> {
  try {
    if (from === 0) {
      rows = [];
      rows = await readGroup(path, metadata, rowStart, rowEnd);
    }
    return { rows: rows.slice(from, from + count).map(rowText) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

parentPort?.on('message', (request: BatchRequest) => {
  void answer(request).then((reply) => parentPort?.postMessage(reply));
});
