// Loaded before the CLI where no small file system can be mounted: after NO_SPACE_AFTER bytes every write to a file fails as
// on a full disk, the first one in its middle.

import { open } from 'node:fs/promises';

type Write = (buffer: Uint8Array, offset: number, length: number, position: number | null) => Promise<unknown>;

const file = await open(import.meta.filename);
const prototype = Object.getPrototypeOf(file) as { write: Write };
await file.close();

const { write } = prototype;
let room = Number(process.env['NO_SPACE_AFTER']);
prototype.write = function (this: unknown, buffer, offset, length, position) {
  const fits = Math.min(length, room);
  room -= fits;
  if (fits > 0) return write.call(this, buffer, offset, fits, position);
  return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' }));
};
