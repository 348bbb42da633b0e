import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lookAtInputs } from '#src/input/look-at-inputs.js';
import { PipeStart } from '#src/input/pipe-start.js';
import { readRows } from '#src/input/rows.js';
import { SampleReader } from '#src/input/sample-reader.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const folder = tempFolder();
const onUnix = testIf(process.platform !== 'win32');
let made = 0;

function pipe(): string {
  const name = join(folder, `pipe-${made++}`);
  execFileSync('mkfifo', [name]);
  return name;
}

/** Writes to a pipe from another process, as this one would wait for itself. */
function writeTo(name: string, text: string): void {
  spawn('sh', ['-c', `cat > '${name}'`]).stdin.end(text);
}

function jsonl(count: number, row: (i: number) => object): string {
  return Array.from({ length: count }, (_, i) => `${JSON.stringify(row(i))}\n`).join('');
}

async function rowsOf(start: PipeStart): Promise<number[]> {
  const rows: number[] = [];
  for await (const row of readRows([start.input], { pipe: start })) rows.push(row.ok ? Number(row.id?.json) : -1);
  return rows;
}

onUnix('a pipe is looked at, and no row of it is lost or comes twice', async () => {
  // 3 MB: many chunks, of which a look reads the first.
  const text = jsonl(20_000, (id) => ({ id, instruction: 'q'.repeat(100), output: `a${id}` }));
  const start = new PipeStart(pipe());
  writeTo(start.input, text);
  const [look] = await lookAtInputs([start.input], new SampleReader(), {}, start);
  assert.is(look?.line, `${start.input}: JSON Lines, read as Alpaca`);
  assert.equal(
    await rowsOf(start),
    Array.from({ length: 20_000 }, (_, i) => i),
  );
  start.close();
});

onUnix('a pipe of the wrong shape ends it by the fields that it has, without waiting for its end', async () => {
  const start = new PipeStart(pipe());
  const writer = createWriteStream(start.input);
  writer.write(jsonl(200, (id) => ({ id, ask: 'q', reply: 'a' })));
  await expectError('INFORM_INPUT_UNREADABLE', /fields "id", "ask", "reply".*--map instruction=ask,output=reply/, () =>
    lookAtInputs([start.input], new SampleReader(), {}, start),
  );
  start.close();
  writer.destroy();
});

onUnix('a pipe that is silent is looked at later, and all of it is there', async () => {
  const start = new PipeStart(pipe());
  const looks = lookAtInputs([start.input], new SampleReader(), {}, start);
  // Opened, and nothing written.
  const writer = createWriteStream(start.input);
  assert.equal(await looks, []);
  const rows = rowsOf(start);
  writer.end(jsonl(3, (id) => ({ id, instruction: 'q', output: 'a' })));
  assert.equal(await rows, [0, 1, 2]);
  start.close();
});

onUnix('closing ends the wait for a pipe that nobody writes to', async () => {
  const start = new PipeStart(pipe());
  const rows = rowsOf(start);
  setTimeout(() => {
    start.close();
  }, 50);
  await expectError('INFORM_ABORTED', /./, () => rows);
});

onUnix('of two pipes the second one is left alone', async () => {
  const [first, second] = [new PipeStart(pipe()), pipe()];
  writeTo(
    first.input,
    jsonl(1, (id) => ({ id, instruction: 'q', output: 'a' })),
  );
  const looks = await lookAtInputs([first.input, second], new SampleReader(), {}, first);
  assert.equal(
    looks.map(({ input }) => input),
    [first.input],
  );
  first.close();
});

test.run();
