import { type FileHandle, unlink } from 'node:fs/promises';
import type { InformError } from '../errors.js';
import type { InputRow } from './rows.js';
import { entryOf, explained, jsonLine, openFile, unwritable } from './output.js';

/** A larger row is named but not repeated. */
const MAX_SAMPLE_BYTES = 1e6;

/** Rows that were not scored and why, one JSON object a line; the file is made with the first of them. */
export class RejectSink {
  readonly path: string;
  #file: FileHandle | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Removes what an earlier run left at `path` when `overwrite` is set.
   *
   * @throws InformError INFORM_OUTPUT_UNWRITABLE when it is there and `overwrite` is not set
   */
  static async open(path: string, overwrite: boolean): Promise<RejectSink> {
    if ((await entryOf(path)) !== undefined) {
      if (!overwrite) throw unwritable(path, 'exists already. Move it away, or pass --overwrite to replace it.');
      await explained(path, unlink(path));
    }
    return new RejectSink(path);
  }

  /** @throws InformError INFORM_OUTPUT_UNWRITABLE */
  async write(row: InputRow, error: InformError): Promise<void> {
    this.#file ??= await openFile(this.path, 'wx');
    await explained(this.path, this.#file.appendFile(rejectLine(row, error)));
  }

  async close(): Promise<void> {
    await explained(this.path, this.#file?.close() ?? Promise.resolve());
  }
}

function rejectLine(row: InputRow, error: InformError): string {
  const members: [string, string][] = [
    ['file', JSON.stringify(row.file)],
    ['line', String(row.line)],
    ['row', String(row.row)],
  ];
  if (row.id !== undefined) members.push(['id', row.id.json]);
  members.push(['code', JSON.stringify(error.code)], ['reason', JSON.stringify(error.message)]);
  if (row.text !== undefined && Buffer.byteLength(row.text) <= MAX_SAMPLE_BYTES) {
    members.push(['sample', JSON.stringify(row.text)]);
  }
  return jsonLine(members);
}
