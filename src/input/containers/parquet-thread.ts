import { Worker } from 'node:worker_threads';
import type { FileMetaData } from 'hyparquet';
import { systemCodeOf } from '../../errors.js';
import type { RowText } from './parquet-group.js';

/** Some rows of a row group, which is decoded when its first ones are asked for. */
export interface BatchRequest {
  rowStart: number;
  rowEnd: number;
  /** Within the row group. */
  from: number;
  count: number;
}

export type BatchReply = { rows: RowText[]; error?: undefined } | { error: string; rows?: undefined };

export interface Group {
  rowStart: number;
  rowEnd: number;
  /** What it unpacks to, as the file says. */
  bytes: number;
}

const BATCH_ROWS = 500;

/** A few bytes of run lengths may stand for billions of values, so a thread that may be ended decodes them. */
const LIMITS = { maxOldGenerationSizeMb: 3072 };
const BASE_SECONDS = 10;
const SECONDS_PER_MEBIBYTE = 1;

/** Decodes row groups in a thread of its own, bounded in time and memory. */
export class GroupReader {
  readonly #worker: Worker;

  constructor(path: string, metadata: FileMetaData) {
    const workerData = { path, metadata };
    this.#worker = new Worker(new URL('parquet-worker.js', import.meta.url), {
      workerData,
      resourceLimits: LIMITS,
      execArgv: [],
    });
    this.#worker.unref();
    // Of a failure tells the call that waits for it.
    this.#worker.on('error', () => undefined);
  }

  /** @throws Error for damage, and where the limits are reached */
  async *rows({ rowStart, rowEnd, bytes }: Group): AsyncGenerator<RowText> {
    const seconds = BASE_SECONDS + (SECONDS_PER_MEBIBYTE * Math.max(bytes, 0)) / 2 ** 20;
    for (let from = 0; from < rowEnd - rowStart; from += BATCH_ROWS) {
      const reply = await this.#ask({ rowStart, rowEnd, from, count: BATCH_ROWS }, seconds);
      if (reply.error !== undefined) throw new Error(reply.error);
      yield* reply.rows;
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: BatchRequest, seconds: number): Promise<BatchReply> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        finish(() => {
          reject(new Error(`it takes longer than ${Math.ceil(seconds)} s to decode them`));
        });
      }, seconds * 1000);
      const onMessage = (reply: BatchReply): void => {
        finish(() => {
          resolve(reply);
        });
      };
      const onError = (error: Error): void => {
        const isFull = systemCodeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY';
        finish(() => {
          reject(isFull ? new Error('they take more than 3 GiB of memory to decode') : error);
        });
      };
      const onExit = (): void => {
        finish(() => {
          reject(new Error('the thread that decodes them ended'));
        });
      };
      function finish(settle: () => void): void {
        clearTimeout(timer);
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        settle();
      }
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(request);
    });
  }
}
