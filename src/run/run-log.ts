import type { FileHandle } from 'node:fs/promises';
import { withOutputErrors, jsonLine, openFile } from '../util/files/file-errors.js';

/** A run's log: what happened, one JSON object a line with the time first. Runs are appended to what is there. */
export class RunLog {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Throws INFORM_OUTPUT_UNWRITABLE, as `write` does. */
  static async open(path: string): Promise<RunLog> {
    return new RunLog(path, await openFile(path, 'a'));
  }

  /** @param idJson the id of the sample that it is about, as JSON, written as it is */
  async write(event: string, details: object, idJson?: string): Promise<void> {
    const members = Object.entries<unknown>({ time: new Date().toISOString(), event, ...details })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): [string, string] => [key, JSON.stringify(value)]);
    if (idJson !== undefined) members.splice(2, 0, ['id', idJson]);
    await withOutputErrors(this.path, this.file.appendFile(jsonLine(members)));
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
