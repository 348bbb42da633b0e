import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { safetensorsBytes } from './checkpoint.js';

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Copies a checkpoint of one file into a new folder, its tensors dealt out to shards with an index. Gives their names. */
export function shardCheckpoint(source: string, target: string, count: number): string[] {
  mkdirSync(target, { recursive: true });
  cpSync(source, target, { recursive: true });
  rmSync(path.join(target, 'model.safetensors'));
  const file = readFileSync(path.join(source, 'model.safetensors'));
  const headerLength = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<string, Entry>;
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  const weightMap: Record<string, string> = {};
  const shards = Array.from({ length: count }, (_, index) => {
    const shard = `model-${number(index + 1)}-of-${number(count)}.safetensors`;
    const own: Record<string, Entry> = {};
    const data: Buffer[] = [];
    let end = 0;
    for (const [name, { dtype, shape, data_offsets: extent }] of tensors.filter((_, i) => i % count === index)) {
      const bytes = file.subarray(8 + headerLength + extent[0], 8 + headerLength + extent[1]);
      own[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
      data.push(bytes);
      end += bytes.length;
      weightMap[name] = shard;
    }
    writeFileSync(path.join(target, shard), safetensorsBytes(own, Buffer.concat(data)));
    return shard;
  });
  writeFileSync(path.join(target, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  return shards;
}

function number(value: number): string {
  return String(value).padStart(5, '0');
}
