import { open, type FileHandle } from 'node:fs/promises';
import { InformError, messageOf } from './errors.js';
import { jsonLine } from './io/output.js';

/** A run's log: what happened, one JSON object a line with the time first. Runs are appended to what is there. */
export class RunLog {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Throws INFORM_OUTPUT_UNWRITABLE. */
  static async open(path: string): Promise<RunLog> {
    try {
      return new RunLog(path, await open(path, 'a'));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** @param idJson the id of the sample that it is about, as JSON, written as it is */
  async write(event: string, details: object, idJson?: string): Promise<void> {
    const members = Object.entries<unknown>({ time: new Date().toISOString(), event, ...details })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]): [string, string] => [key, JSON.stringify(value)]);
    if (idJson !== undefined) members.splice(2, 0, ['id', idJson]);
    try {
      await this.file.appendFile(jsonLine(members));
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function unwritable(path: string, error: unknown): InformError {
  return new InformError('INFORM_OUTPUT_UNWRITABLE', `The log ${path} cannot be written: ${messageOf(error)}.`, {
    cause: error,
  });
}
