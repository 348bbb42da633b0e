import { open } from 'node:fs/promises';
import { readGgufModel } from '#src/gguf/split-model.js';

/** Name -> type, shape and data of every tensor, or of those whose name matches. */
export async function tensorsOf(
  path: string,
  wanted = /./,
): Promise<Map<string, { type: string; shape: readonly number[]; data: Buffer }>> {
  const { tensors } = await readGgufModel(path, { wantArray: () => false });
  const found = new Map<string, { type: string; shape: readonly number[]; data: Buffer }>();
  for (const { name, type, shape, file, offset, byteLength } of tensors) {
    if (!wanted.test(name)) continue;
    const handle = await open(file);
    const data = Buffer.alloc(byteLength);
    await handle.read(data, 0, byteLength, offset);
    await handle.close();
    found.set(name, { type: type.name, shape, data });
  }
  return found;
}
