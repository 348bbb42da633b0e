// Makes the file of docs/curating.md's walk from a data set to the better part of it: 50,000 conversations as ShareGPT in Parquet, nested
// as the hub has them, out of ../shared/data: `npm run bench -- sharegpt-parquet OUT.parquet [ROWS]`. First every answer of the
// preferences as a conversation of its own, by an instruction each so that no source stands in one place, then conversations of two
// turns. `source` is the model that wrote the (last) answer.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { dataFolder } from './support/datasets.js';

interface Answer {
  instruction: string;
  generator: string;
  output: string;
}

interface Turn {
  from: 'human' | 'gpt';
  value: string;
}

const [output, count = '50000'] = process.argv.slice(2);
if (output === undefined) throw new Error('usage: npm run bench -- sharegpt-parquet OUT.parquet [ROWS]');
const { folder } = dataFolder();
const answers = ['train', 'validation'].flatMap((name) =>
  gunzipSync(readFileSync(path.join(folder, 'preferences', `${name}.jsonl.gz`)))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer),
);

/** A step that has no divisor in common with the number of answers, so that it comes to each of them. */
const STEP = 7919;
const turnsOf = (number: number): Turn[] => {
  const { instruction = '', output: text = '' } = answers[number % answers.length] ?? {};
  return [
    { from: 'human', value: instruction },
    { from: 'gpt', value: text },
  ];
};
const rows = Array.from({ length: Number(count) }, (_, id) => {
  const last = (id * STEP) % answers.length;
  const first = id < answers.length ? [] : turnsOf(last + 1);
  return { id, source: answers[last]?.generator ?? '', conversations: [...first, ...turnsOf(last)] };
});

type SchemaElement = NonNullable<Parameters<typeof parquetWriteFile>[0]['schema']>[number];
const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});
const schema: SchemaElement[] = [
  { name: 'root', num_children: 3 },
  { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
  text('source'),
  { name: 'conversations', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 },
  text('from'),
  text('value'),
];
parquetWriteFile({
  filename: output,
  schema,
  rowGroupSize: 5000,
  columnData: [
    { name: 'id', data: rows.map(({ id }) => BigInt(id)) },
    { name: 'source', data: rows.map(({ source }) => source) },
    { name: 'conversations', data: rows.map(({ conversations }) => conversations) },
  ],
});
console.log(`${output}: ${rows.length} rows, ${new Set(rows.map(({ source }) => source)).size} sources`);
