import { stat } from 'node:fs/promises';

/** The size of a regular file in bytes; undefined where there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status?.isFile() === true ? status.size : undefined;
}
