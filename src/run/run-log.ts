import type { Writable } from 'node:stream';
import { withOutputErrors, jsonLine } from '../util/files/file-errors.js';
import { closeWriter, openWriter, writeText } from '../util/files/text-writer.js';

/** A run's log: what happened, one JSON object a line with the time first. Runs are appended to what is there. */
export class RunLog {
  private constructor(
    private readonly path: string,
    private readonly stream: Writable,
    private readonly signal: AbortSignal,
  ) {
    // Each write hears of its own failure.
    stream.on('error', () => undefined);
  }

  /** Throws INFORM_OUTPUT_UNWRITABLE, as `write` does, and INFORM_ABORTED where a pipe's reader is waited for. */
  static async open(path: string, signal: AbortSignal): Promise<RunLog> {
    return new RunLog(path, await withOutputErrors(path, openWriter(path, 'a', signal)), signal);
  }

  /** @param idJson the id of the sample that it is about, as JSON, written as it is */
  async write(event: string, details: object, idJson?: string): Promise<void> {
    const members = Object.entries<unknown>({ time: new Date().toISOString(), event, ...details })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): [string, string] => [key, JSON.stringify(value)]);
    if (idJson !== undefined) members.splice(2, 0, ['id', idJson]);
    await withOutputErrors(this.path, writeText(this.stream, jsonLine(members), this.signal));
  }

  async close(): Promise<void> {
    await closeWriter(this.stream, this.signal);
  }
}
