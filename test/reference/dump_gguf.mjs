// Prints what our own reader finds in a GGUF file, as JSON: `node dump_gguf.mjs MODEL.gguf`, after `npm run build`.
//
// {"version", "alignment", "metadata": {key: {type, element?, value}}, "tensors": [{name, shape, type, offset, sha256}]};
// shapes are in ggml's order, offsets in bytes from the start of the file, sha256 is that of the tensor's bytes.

import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { readGguf } from '../../dist/gguf/reader.js';

const [path] = process.argv.slice(2);
const gguf = await readGguf(path);
const file = openSync(path);

function sha256({ offset, byteLength }) {
  const bytes = Buffer.alloc(byteLength);
  if (readSync(file, bytes, 0, byteLength, offset) !== byteLength) throw new Error(`${path} ended early`);
  return createHash('sha256').update(bytes).digest('hex');
}

const metadata = [...gguf.metadata].map(([key, { type, element, value }]) => [
  key,
  { type, element, value: type === 'array' ? [...value] : value },
]);
const tensors = gguf.tensors.map((tensor) => ({ ...tensor, type: tensor.type.name, sha256: sha256(tensor) }));
const dump = { version: gguf.version, alignment: gguf.alignment, metadata: Object.fromEntries(metadata), tensors };
process.stdout.write(JSON.stringify(dump, (_, value) => (typeof value === 'bigint' ? Number(value) : value)));
