import { open, type FileHandle } from 'node:fs/promises';

/**
 * A small text file, or undefined where it has more than `maxBytes`. What the file system says about sizes is not asked: a
 * pipe and a device say 0, and a file may grow while it is read.
 *
 * @throws the system's errors as they are
 */
export async function readBoundedText(path: string, maxBytes: number): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    return await boundedTextOf(file, maxBytes);
  } finally {
    await file.close();
  }
}

/** As `readBoundedText`, of an open file, from its current position on. */
export async function boundedTextOf(file: FileHandle, maxBytes: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
    if (bytesRead === 0) return Buffer.concat(parts).toString('utf8');
    length += bytesRead;
    if (length > maxBytes) return undefined;
    parts.push(buffer.subarray(0, bytesRead));
  }
}
