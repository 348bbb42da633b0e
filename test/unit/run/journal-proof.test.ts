import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import type { Fingerprint } from '#src/run/journal/fingerprint-types.js';
import { mergeShards } from '#src/run/merge.js';
import type { JournaledOutput } from '#src/run/output/journaled-output.js';
import { expectError } from '../../support/assert/expect-error.js';
import { addRows, fingerprint, finishedRows, inputRow, openJournaled, scoreLines } from '../../support/journal.js';
import { packageRoot } from '#src/util/package-root.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

// What happens to a journal that this run has open, or that was left by one: the output is whole and right, or there is none.

const folder = tempFolder();
let made = 0;

function newPath(): string {
  return join(folder, `out-${made++}.jsonl`);
}

/** Takes up a run and does what is left of `total` rows; which rows it had to do. */
async function resume(path: string, total: number, run: Fingerprint = fingerprint()): Promise<number[]> {
  const output = await openJournaled(path);
  await output.start(run, run.inputs);
  const known = new Set((await finishedRows(output)).map(({ row }) => row));
  for (const row of known) assert.ok(row < total);
  const left = Array.from({ length: total }, (_, row) => row).filter((row) => !known.has(row));
  for (const row of left) await addRows(output, row, row + 1);
  await output.finish(total);
  return left;
}

async function started(path: string, rows: number): Promise<JournaledOutput> {
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, rows);
  return output;
}

/** Everything in the journal is on disk: a reader's way to wait for the writer. */
async function written(path: string, text: string): Promise<void> {
  while (!readFileSync(path, 'utf8').includes(text)) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a byte of the journal that changes during the run: no output, and the next run does that row alone', async () => {
  const path = newPath();
  const output = await started(path, 20);
  await written(`${path}.journal`, '{"row": 19');
  const bytes = readFileSync(`${path}.journal`);
  const at = bytes.indexOf('"score": 1.125');
  bytes[at + 9] = 0x32;
  writeFileSync(`${path}.journal`, bytes);
  await addRows(output, 20, 30);
  await expectError('INFORM_JOURNAL_CHANGED', /journal gives back 29 rows of 30, .* Run the same command again/, () =>
    output.finish(30),
  );
  assert.equal(await output.abandon(), { rows: 29, journal: `${path}.journal` });
  assert.not.ok(existsSync(path));
  assert.equal(await resume(path, 30), [9]);
  assert.is(readFileSync(path, 'utf8'), scoreLines(30));
  assert.not.ok(existsSync(`${path}.journal`));
});

test('a row that is replaced by another with a right checksum is found too', async () => {
  const path = newPath();
  const output = await started(path, 20);
  const other = newPath();
  const donor = await openJournaled(other);
  await donor.start(fingerprint(), fingerprint().inputs);
  await donor.score(inputRow(8), { idJson: '8', score: 2, tokens: 10, truncated: false, holdsSpecialText: false });
  await Promise.all([written(`${path}.journal`, '{"row": 19'), written(`${other}.journal`, '{"row": 8')]);
  const [, line = ''] = readFileSync(`${other}.journal`, 'utf8').split('\n');
  await donor.abandon();
  const lines = readFileSync(`${path}.journal`, 'utf8').split('\n');
  assert.is(lines[9]?.length, line.length, 'the length stays');
  lines[9] = line;
  writeFileSync(`${path}.journal`, lines.join('\n'));
  await expectError('INFORM_JOURNAL_CHANGED', /gives back 20 rows of 20, or others than were put in/, () =>
    output.finish(20),
  );
  await output.abandon();
  assert.not.ok(existsSync(path));
});

for (const [what, change] of [
  [
    'a line appended',
    (journal: string) => {
      appendFileSync(journal, '{"row": 99}\n');
    },
  ],
  [
    'the end cut off',
    (journal: string) => {
      truncateSync(journal, statSync(journal).size - 200);
    },
  ],
  [
    'another header',
    (journal: string) => {
      writeFileSync(journal, readFileSync(journal, 'latin1').replace(/"nonce": "..../, '"nonce": "0000'), 'latin1');
    },
  ],
] as const) {
  test(`${what} while the run goes on: it stops, and the next one does what is missing`, async () => {
    const path = newPath();
    const output = await started(path, 20);
    await written(`${path}.journal`, '{"row": 19');
    change(`${path}.journal`);
    await expectError('INFORM_JOURNAL_CHANGED', /another program, or the disk, changed it during the run/, async () => {
      await addRows(output, 20, 30);
      await output.finish(30);
    });
    await output.abandon();
    assert.not.ok(existsSync(path));
    if (what === 'another header') return; // its checksum is wrong now
    await resume(path, 30);
    assert.is(readFileSync(path, 'utf8'), scoreLines(30));
  });
}

test('random damage to a journal that was left: one resume makes the very output, whatever happened', async () => {
  const random = new Random(13);
  const base = newPath();
  await (await started(base, 60)).abandon();
  const good = readFileSync(`${base}.journal`);
  const headerEnd = good.indexOf('\n') + 1;
  for (let round = 0; round < 80; round++) {
    const path = newPath();
    const bytes = Buffer.from(good);
    const at = headerEnd + random.below(bytes.length - headerEnd);
    const length = 1 + random.below(random.below(2) === 0 ? 4 : 3000);
    bytes.fill(random.below(3) === 0 ? 0 : 0x0a + random.below(90), at, Math.min(at + length, bytes.length));
    // At times lines are gone without a trace.
    const gone = random.below(4) === 0 ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]) : bytes;
    writeFileSync(`${path}.journal`, gone);
    // A second fault meanwhile: the first resume ends before its time.
    if (random.below(2) === 0) {
      const output = await openJournaled(path);
      await output.start(fingerprint(), fingerprint().inputs);
      const known = new Set((await finishedRows(output)).map(({ row }) => row));
      const left = Array.from({ length: 60 }, (_, row) => row).filter((row) => !known.has(row));
      for (const row of left.slice(0, 2)) await addRows(output, row, row + 1);
      await output.abandon();
    }
    await resume(path, 64);
    assert.is(readFileSync(path, 'utf8'), scoreLines(64), `round ${round}`);
  }
});

test('a finished run that is started again writes nothing, a shard and a followed input alike', async () => {
  for (const options of [{ keepJournal: true }, { followAppended: true }]) {
    const path = newPath();
    const run = fingerprint({ shard: '1/1' });
    const first = await openJournaled(path, options);
    await first.start(run, run.inputs);
    await addRows(first, 0, 10);
    await first.finish(10);
    const files = [path, `${path}.journal`, `${path}.rejects.jsonl`];
    const before = files.map(stateOf);
    for (let time = 0; time < 2; time++) {
      const again = await openJournaled(path, options);
      const { rows, notes } = await again.start(run, run.inputs);
      assert.equal([rows, notes], [10, []]);
      await finishedRows(again);
      await again.finish(10);
      const after = files.map(stateOf);
      assert.equal(after, before);
    }
  }
});

function stateOf(file: string): number[] {
  const { ino, size, mtimeMs, ctimeMs } = statSync(file);
  return [ino, size, mtimeMs, ctimeMs];
}

test('an output that is gone is made again from the journal', async () => {
  const path = newPath();
  const run = fingerprint({ shard: '1/1' });
  const first = await openJournaled(path, { keepJournal: true });
  await first.start(run, run.inputs);
  await addRows(first, 0, 10);
  await first.finish(10);
  const journal = readFileSync(`${path}.journal`);
  copyFileSync(`${path}.journal`, `${newPath()}.journal`);
  const copy = join(folder, `out-${made - 1}.jsonl`);
  const again = await openJournaled(copy, { keepJournal: true });
  await again.start(run, run.inputs);
  await finishedRows(again);
  await again.finish(10);
  assert.is(readFileSync(copy, 'utf8'), scoreLines(10));
  assert.ok(readFileSync(`${copy}.journal`).equals(journal));
});

test('a finished shard whose journal is damaged does that row again, and merges', async () => {
  const path = newPath();
  const run = fingerprint({ shard: '1/1' });
  const first = await openJournaled(path, { keepJournal: true });
  await first.start(run, run.inputs);
  await addRows(first, 0, 20);
  await first.finish(20);
  const journal = readFileSync(`${path}.journal`, 'utf8');
  writeFileSync(`${path}.journal`, journal.replace('"score": 1.125', '"score": 2.125'));
  const merged = newPath();
  const paths = { output: merged, rejects: `${merged}.rejects.jsonl` };
  await expectError('INFORM_INVALID_SHARDS', /is damaged\. Run its shard again/, () => mergeShards([path], paths));
  const output = await openJournaled(path, { keepJournal: true });
  const { rows, missing } = await output.start(run, run.inputs);
  assert.equal([rows, missing], [19, 1]);
  await finishedRows(output);
  await addRows(output, 9, 10);
  await output.finish(20);
  await mergeShards([path], paths);
  assert.is(readFileSync(merged, 'utf8'), scoreLines(20));
});

test('shards that version 0.1 dealt out row by row merge, and not with those that are stretches', async () => {
  const shards: string[] = [];
  for (const shard of ['1/3', '2/3', '3/3']) {
    const path = newPath();
    const run = fingerprint({ shard });
    const output = await openJournaled(path, { keepJournal: true });
    await output.start(run, run.inputs);
    for (let row = Number(shard[0]) - 1; row < 20; row += 3) await addRows(output, row, row + 1);
    await output.finish(20);
    shards.push(path);
  }
  const merged = newPath();
  const paths = { output: merged, rejects: `${merged}.rejects.jsonl` };
  await mergeShards(shards.toReversed(), paths);
  assert.is(readFileSync(merged, 'utf8'), scoreLines(20));

  const stretch = newPath();
  const run = fingerprint({ shard: '2/3 rows 5..9 of 20' });
  const output = await openJournaled(stretch, { keepJournal: true });
  await output.start(run, run.inputs);
  await addRows(output, 5, 9);
  await output.finish(20);
  await expectError('INFORM_INVALID_SHARDS', /one was cut by version 0\.1, in another way/, () =>
    mergeShards([shards[0] ?? '', stretch, shards[2] ?? ''], paths),
  );
});

// The journals of version 0.1.0, made by its own code: test/fixtures/README.md.
for (const name of ['v0.1', 'v0.1-ended-twice']) {
  test(`a journal of version 0.1 is gone on with, and merges: ${name}`, async () => {
    const fixtures = join(packageRoot(), 'test', 'fixtures', 'journals');
    const path = newPath();
    const journal = readFileSync(join(fixtures, `${name}.journal`));
    copyFileSync(join(fixtures, 'v0.1.jsonl'), path);
    copyFileSync(join(fixtures, 'v0.1.jsonl.rejects.jsonl'), `${path}.rejects.jsonl`);
    writeFileSync(`${path}.journal`, journal);
    const { version, model, options, shard, inputs } = JSON.parse(
      journal.toString().split('\n')[0] ?? '',
    ) as Fingerprint;
    const run = { version, model: { ...model, content: 'ab' }, options, shard, inputs };
    const output = await openJournaled(path, { keepJournal: true });
    const { rows, missing, notes } = await output.start(run, inputs);
    assert.equal([rows, missing, notes], [12, 0, []]);
    assert.is((await finishedRows(output)).length, 12);
    await output.finish(12);
    assert.ok(readFileSync(`${path}.journal`).equals(journal), 'nothing is written');

    const merged = newPath();
    const counts = await mergeShards([path], { output: merged, rejects: `${merged}.rejects.jsonl` });
    assert.equal(counts, { scored: 10, rejected: 2 });
    assert.ok(readFileSync(merged).equals(readFileSync(path)));

    // Broken off, as kill -9 leaves it.
    const broken = newPath();
    writeFileSync(`${broken}.journal`, journal.subarray(0, journal.indexOf('{"row": 8') + 20));
    const next = await openJournaled(broken);
    const found = await next.start(run, inputs);
    assert.equal([found.rows, found.missing], [8, 0]);
    await next.abandon();
  });
}

test('where no locks are kept, of two runs with one output one wins or both stop, and no output is short', async () => {
  const random = new Random(2026);
  const seen = { whole: 0, none: 0 };
  for (let round = 0; round < 40; round++) {
    const path = newPath();
    const ends = await Promise.all([0, 1].map(() => unlockedRun(path, random)));
    const finished = ends.filter((end) => end === 'finished').length;
    for (const end of ends.filter((other) => typeof other !== 'string')) {
      assert.ok(
        end instanceof InformError && /JOURNAL_CHANGED|OUTPUT_UNWRITABLE|CANNOT_RESUME/.test(end.code),
        String(end),
      );
    }
    if (existsSync(path)) {
      assert.is(readFileSync(path, 'utf8'), scoreLines(40), `round ${round}`);
      seen.whole++;
    } else {
      assert.is(finished, 0);
      seen.none++;
    }
  }
  assert.ok(seen.whole > 0, JSON.stringify(seen));
});

async function unlockedRun(path: string, random: Random): Promise<unknown> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random.below(12)));
  let output: JournaledOutput | undefined;
  try {
    await pause();
    output = await openJournaled(path, { lock: () => 'unsupported', overwrite: true });
    await pause();
    const { rows, notes } = await output.start(fingerprint(), fingerprint().inputs);
    assert.match(notes.join(), /keeps no locks/);
    await finishedRows(output);
    for (let row = rows; row < 40; row += 4) {
      await addRows(output, row, Math.min(row + 4, 40));
      if (random.below(3) === 0) await pause();
    }
    await output.finish(40);
    return 'finished';
  } catch (error) {
    await output?.abandon();
    return error;
  }
}

test('a link that is planted as the journal, or as its damaged copy, is never followed', async () => {
  const victim = fileIn(folder, 'victim', 'precious');
  for (const plant of [symlinkSync, linkSync]) {
    for (const restart of [false, true]) {
      const path = newPath();
      plant(victim, `${path}.journal`);
      await expectError('INFORM_OUTPUT_UNWRITABLE', /\.journal is a (?:symbolic|hard) link.*Remove it/, () =>
        openJournaled(path, { restart, overwrite: true }),
      );
      assert.is(readFileSync(victim, 'utf8'), 'precious');
    }
  }
  const dangling = newPath();
  symlinkSync(join(folder, 'not-there'), `${dangling}.journal`);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /is a symbolic link/, () => openJournaled(dangling));
  assert.not.ok(existsSync(join(folder, 'not-there')));
  const notPlain = newPath();
  mkdirSync(`${notPlain}.journal`);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /./, () => openJournaled(notPlain));

  const path = newPath();
  await (await started(path, 20)).abandon();
  const journal = readFileSync(`${path}.journal`, 'utf8').replace('"score": 1.125', '"score": 2.125');
  writeFileSync(`${path}.journal`, journal);
  symlinkSync(victim, `${path}.journal.damaged`);
  assert.equal(await resume(path, 20), [9]);
  assert.is(readFileSync(victim, 'utf8'), 'precious');
  assert.not.ok(lstatSync(`${path}.journal.damaged`).isSymbolicLink());
  assert.is(readFileSync(`${path}.journal.damaged`, 'utf8'), journal);
});

test('a file that holds no journal is left alone, also one without a line break', async () => {
  for (const text of ['my notes', 'my notes\n', '{"journal": "mine"', '\0\0\0\0']) {
    const path = newPath();
    writeFileSync(`${path}.journal`, text);
    const output = await openJournaled(path);
    await expectError('INFORM_CANNOT_RESUME', /no journal of this version/, () =>
      output.start(fingerprint(), fingerprint().inputs),
    );
    await output.abandon();
    assert.is(readFileSync(`${path}.journal`, 'utf8'), text);
  }
});

test('a link is written to where it points, also where nothing is yet, and through links of links', async () => {
  const inner = join(folder, 'inner');
  mkdirSync(inner);
  symlinkSync(join(inner, 'real.jsonl'), join(folder, 'absolute.jsonl'));
  symlinkSync('inner/second.jsonl', join(folder, 'relative.jsonl'));
  symlinkSync('../relative.jsonl', join(inner, 'chain.jsonl'));
  symlinkSync(inner, join(folder, 'elsewhere'));
  for (const [link, target] of [
    [join(folder, 'absolute.jsonl'), join(inner, 'real.jsonl')],
    [join(folder, 'elsewhere', 'chain.jsonl'), join(inner, 'second.jsonl')],
  ] as const) {
    const output = await openJournaled(link);
    await output.start(fingerprint(), fingerprint().inputs);
    await addRows(output, 0, 2);
    assert.ok(existsSync(`${target}.journal`));
    await output.finish(2);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.ok(lstatSync(target).isFile());
    assert.is(readFileSync(target, 'utf8'), scoreLines(2));
  }
  symlinkSync('loop.jsonl', join(folder, 'loop.jsonl'));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /is a link that leads to itself/, () =>
    openJournaled(join(folder, 'loop.jsonl')),
  );
});

test.run();
