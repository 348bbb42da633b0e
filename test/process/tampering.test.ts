import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli, type CliResult } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// What somebody else does to the files of a run, while it goes on or before it starts.

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const ROWS = 400;
const INPUT = fileIn(FOLDER, 'input.jsonl', rows());
const EXACT = ['--deterministic', '--threads', '1', '--progress', 'none'];
const NO_LOCKS = {
  NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, '..', 'faults', 'no-locks.js')).href}`,
};
/** What an undisturbed run writes. */
const WHOLE = inFolder('whole.jsonl');
await score(INPUT, WHOLE);

function rows(): string {
  return Array.from({ length: ROWS }, (_, id) =>
    id === 7 ? '{"id": 7}\n' : `${JSON.stringify({ id, instruction: `What is ${id}+${id}?`, output: `${2 * id}.` })}\n`,
  ).join('');
}

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

function score(input: string, output: string, ...flags: string[]): Promise<CliResult> {
  return runCli([input, '-m', MODEL, '-o', output, ...EXACT, ...flags]);
}

/** Does something to a run as soon as its journal holds rows. */
async function during(input: string, output: string, act: () => void): Promise<CliResult> {
  const child = startCli([input, '-m', MODEL, '-o', output, ...EXACT]);
  child.stdin.end();
  const done = finished(child);
  while (child.exitCode === null && rowsIn(output) < 20) await delay(2);
  assert.is(child.exitCode, null, 'it is still going on');
  act();
  return done;
}

function rowsIn(output: string): number {
  const journal = `${output}.journal`;
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('"digest"').length - 1 : 0;
}

function assertWhole(output: string): void {
  assert.ok(readFileSync(output).equals(readFileSync(WHOLE)));
  assert.ok(readFileSync(`${output}.rejects.jsonl`).equals(readFileSync(`${WHOLE}.rejects.jsonl`)));
  assert.not.ok(existsSync(`${output}.journal`));
}

const CHANGES: [what: string, act: (journal: string) => void, rowsAgain: RegExp | undefined][] = [
  ['a byte changes', changeByte, /^Scored +1 sample /m],
  [
    'a line is appended',
    (journal) => {
      appendFileSync(journal, '{"row": 12345}\n');
    },
    undefined,
  ],
  [
    'it is cut',
    (journal) => {
      truncateSync(journal, Math.floor(0.6 * statSync(journal).size));
    },
    undefined,
  ],
];

function changeByte(journal: string): void {
  const bytes = readFileSync(journal);
  const at = bytes.indexOf('"result": ', bytes.indexOf('{"row": 10')) + 10 + '{"id": 10, "score": -'.length + 2;
  bytes[at] = bytes[at] === 0x31 ? 0x32 : 0x31;
  // In place: what the run appends meanwhile stays.
  writeByte(journal, at, bytes[at] ?? 0);
}

function writeByte(file: string, at: number, byte: number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.from([byte]), 0, 1, at);
  closeSync(descriptor);
}

for (const [what, act, rowsAgain] of CHANGES) {
  test(`the journal under a run: ${what}. There is no output, and the same command makes the right one`, async () => {
    const output = inFolder(`${what.replaceAll(' ', '-')}.jsonl`);
    const { code, stderr } = await during(INPUT, output, () => {
      act(`${output}.journal`);
    });
    assert.is(code, 1, stderr);
    assert.match(
      stderr,
      /\.journal .*changed it during the run.*Run the same command again.*\[INFORM_JOURNAL_CHANGED\]/,
    );
    assert.not.ok(existsSync(output));
    const again = await score(INPUT, output);
    assert.is(again.code, 3, again.stderr);
    if (rowsAgain) assert.match(again.stderr, rowsAgain);
    assertWhole(output);
  });
}

test('two runs with one output where no locks are kept: one wins or both stop, and nothing is short', async () => {
  const output = inFolder('unlocked.jsonl');
  const start = (): Promise<CliResult> => runCli([INPUT, '-m', MODEL, '-o', output, ...EXACT], '', NO_LOCKS);
  const ends = await Promise.all([start(), start()]);
  for (const { code, stderr } of ends) {
    // One that is refused before it starts comes to no note.
    if (code === 3) assert.match(stderr, /This file system keeps no locks/);
    else assert.match(stderr, /INFORM_(?:JOURNAL_CHANGED|OUTPUT_UNWRITABLE|CANNOT_RESUME)\]/);
  }
  assert.ok(ends.some(({ code }) => code === 1));
  if (existsSync(output)) assertWhole(output);
  else {
    const again = await score(INPUT, output);
    // Where both had begun the one journal, it is refused with the way on.
    const refused = again.code === 1;
    if (refused) assert.match(again.stderr, /another run begins there\..* pass --restart .*\[INFORM_CANNOT_RESUME\]/);
    const last = refused ? await score(INPUT, output, '--restart') : again;
    assert.is(last.code, 3, last.stderr);
    assertWhole(output);
  }
});

test('the input under a run, cut or rewritten in its last part: the run ends, and goes on with the first content', async () => {
  const input = fileIn(FOLDER, 'changing.jsonl', rows());
  const length = statSync(input).size;
  for (const [what, act] of [
    [
      'cut',
      () => {
        truncateSync(input, Math.floor(0.7 * length));
      },
    ],
    [
      'rewritten',
      () => {
        const kept = rows().slice(0, 0.7 * length);
        writeFileSync(input, kept + rows().slice(kept.length).replaceAll('What', 'Whos'));
      },
    ],
  ] as const) {
    const output = inFolder(`${what}.jsonl`);
    const { code, stderr } = await during(input, output, act);
    assert.is(code, 1, stderr);
    assert.match(stderr, /changing\.jsonl was changed, cut or replaced during the run.*\[INFORM_INPUT_CHANGED\]/);
    assert.not.ok(existsSync(output));
    const other = await score(input, output);
    assert.match(other.stderr, /the input .*changing\.jsonl has another content.*INFORM_CANNOT_RESUME/);
    writeFileSync(input, rows());
    const again = await score(input, output);
    assert.is(again.code, 3, again.stderr);
    assert.match(again.stderr, /Resuming: /);
    assert.is(readFileSync(output, 'utf8'), readFileSync(WHOLE, 'utf8'));
  }
});

test('an input that grows under a run is read as it was, and that is said', async () => {
  const input = fileIn(FOLDER, 'growing.jsonl', rows());
  const output = inFolder('grown.jsonl');
  const { code, stderr } = await during(input, output, () => {
    appendFileSync(input, '{"id": "new", "instruction": "q", "output": "a"}\n');
  });
  assert.is(code, 3, stderr);
  assert.match(stderr, /growing\.jsonl grew while the run went on\. What was added is not scored\./);
  assert.is(readFileSync(output, 'utf8'), readFileSync(WHOLE, 'utf8'));
});

test('nothing that a run reads is written over, by -o or --log, under whatever name, --overwrite or not', async () => {
  const folder = inFolder('reads');
  mkdirSync(folder);
  const model = path.join(folder, 'm.gguf');
  copyFileSync(MODEL, model);
  const template = fileIn(folder, 't.jinja', '{{ messages[0].content }}');
  const config = fileIn(folder, 'c.yaml', 'max_length: 100\n');
  const input = fileIn(folder, 'in.jsonl', '{"id": 1, "instruction": "q", "output": "a"}\n');
  const head = path.join(folder, 'head.gguf');
  copyFileSync(MODEL, head);
  linkSync(model, path.join(folder, 'hard.jsonl'));
  symlinkSync(model, path.join(folder, 'soft.jsonl'));
  const contents = new Map([model, template, config, input, head].map((file) => [file, readFileSync(file)]));
  const reads = ['-m', model, '--chat-template', template, '-c', config, '--score-head', head, '--progress', 'none'];
  const names: [target: string, as: string][] = [
    [model, 'the model'],
    [path.join(folder, 'hard.jsonl'), 'the model'],
    [path.join(folder, 'soft.jsonl'), 'the model'],
    [template, 'the chat template'],
    [config, 'the configuration'],
    [head, 'the score head'],
    [input, 'the input'],
  ];
  for (const [target, as] of names) {
    for (const flags of [
      ['-o', target, '--overwrite'],
      ['-o', path.join(folder, 'out.jsonl'), '--log', target],
    ]) {
      const { code, stderr } = await runCli([input, ...reads, ...flags]);
      assert.is(code, 1, stderr);
      assert.match(stderr, new RegExp(`would be written over, but is ${as} .*\\[INFORM_OUTPUT_UNWRITABLE\\]\\n$`));
    }
  }
  for (const [file, content] of contents) assert.ok(readFileSync(file).equals(content), file);
});

test('a finished shard that is started again, and again, writes nothing and merges', async () => {
  const output = inFolder('shard.jsonl');
  for (let time = 0; time < 3; time++) {
    const { code, stderr } = await score(INPUT, output, '--shard', '1/1');
    assert.is(code, 3, stderr);
    if (time > 0) assert.match(stderr, /Resuming: all 400 rows are scored already/);
    assert.not.match(stderr, /cut off|damaged/);
  }
  const merged = inFolder('merged.jsonl');
  const { code, stderr } = await runCli(['merge', output, '-o', merged]);
  assert.is(code, 3, stderr);
  assertWhole(merged);
});

test.run();
