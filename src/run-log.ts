import { open, type FileHandle } from 'node:fs/promises';
import { InformError, messageOf } from './errors.js';

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

  async write(event: string, details: object): Promise<void> {
    try {
      await this.file.appendFile(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
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
