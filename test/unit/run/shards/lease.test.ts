import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { adoptJournal, journalsOf } from '#src/run/shards/journals.js';
import { Lease, readLease, type LeaseRecord } from '#src/run/shards/lease.js';
import { expectError } from '../../../support/assert/expect-error.js';
import { tempFolder } from '../../../support/temp-folder.js';

const FOLDER = tempFolder();
/** Short, for waits that end by silence. */
const SHORT = { seconds: 0.6 };
/** Long, for waits that must not end so. */
const LONG = { seconds: 600 };

let made = 0;

function newBase(): string {
  return path.join(FOLDER, `shard-${++made}`);
}

/** The lease of a holder that this test is not: on another machine, say. */
function otherLease(base: string, term: number, changes: Partial<LeaseRecord> = {}): void {
  const progress = { rows: 0, before: 0, rejected: 0, tokens: 0, seconds: 0 };
  const holder = { host: 'elsewhere', boot: '', pid: 1, locked: true, leaseSeconds: 0.6, beat: 1 };
  writeFileSync(
    `${base}.lease-${term}`,
    `${JSON.stringify({ state: 'running', ...holder, ...progress, ...changes })}\n`,
  );
}

async function abortedBy(signal: AbortSignal): Promise<unknown> {
  while (!signal.aborted) await delay(10);
  return signal.reason;
}

test('one of many takes a shard; when it lets go, the next one does, whatever is in the folder beside it', async () => {
  const base = newBase();
  writeFileSync(`${base}.lease-x`, '');
  writeFileSync(`${base}0.lease-9`, '');
  const first = await Lease.take(base, LONG);
  assert.is(first.term, 1);
  let taken = 0;
  const others = [1, 2, 3].map(async () => {
    // As long as the first one has it, nobody's time ends here.
    const lease = await Lease.take(base, { ...SHORT });
    taken++;
    assert.is(taken, 1, 'one at a time');
    await delay(20);
    taken--;
    await lease.release('stopped');
    return lease.term;
  });
  // The beats of a lease of 600 s are rare, so that only its lock tells that the holder lives.
  await first.release('stopped');
  assert.equal((await Promise.all(others)).sort(), [2, 3, 4]);
  assert.not.ok(readdirSync(FOLDER).some((name) => name.endsWith('.tmp')));
});

test('a holder elsewhere that falls silent loses its shard; one that writes keeps it', async () => {
  const base = newBase();
  otherLease(base, 1);
  const waits: (string | undefined)[] = [];
  let beat = 1;
  const beating = setInterval(() => {
    if (beat < 8) otherLease(base, 1, { beat: ++beat });
  }, 80);
  const lease = await Lease.take(base, { ...SHORT, onWait: (holder) => waits.push(holder?.host) });
  clearInterval(beating);
  assert.is(beat, 8, 'not before it was silent');
  assert.is(lease.term, 2);
  assert.ok(waits.length >= 7 && waits.every((host) => host === 'elsewhere'), String(waits));
  await lease.release('done');
});

test('a process of this machine that ended is known at once by its lock, and not where it had none', async () => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const base = newBase();
  otherLease(base, 1, { host: hostname(), boot });
  const lease = await Lease.take(base, LONG);
  assert.is(lease.term, 2);
  await lease.release('stopped');

  const unlocked = newBase();
  otherLease(unlocked, 1, { host: hostname(), boot, locked: false });
  const stop = new AbortController();
  const waiting = Lease.take(unlocked, {
    ...LONG,
    signal: stop.signal,
    onWait: () => {
      stop.abort();
    },
  });
  await expectError('INFORM_ABORTED', /interrupted/, () => waiting);
  assert.not.ok(existsSync(`${unlocked}.lease-2`));
});

test('a holder that was taken for dead finds out with its next beat', async () => {
  const base = newBase();
  const lease = await Lease.take(base, SHORT);
  otherLease(base, 2);
  const reason = await abortedBy(lease.lost);
  assert.instance(reason, InformError);
  assert.is((reason as InformError).code, 'INFORM_SHARD_TAKEN');
  assert.match((reason as InformError).message, /was taken by another task/);
  await lease.release('stopped');
});

test('a lease tells how far the work is, on a line of the same length', async () => {
  const base = newBase();
  const lease = await Lease.take(base, SHORT);
  const { text: before } = await readLease(`${base}.lease-1`);
  lease.tell({ rows: 12, before: 4, rejected: 1, tokens: 900, seconds: 1.5 });
  await lease.release('stopped');
  const { text, record } = await readLease(`${base}.lease-1`);
  assert.is(text.length, before.length);
  assert.equal([record?.state, record?.rows, record?.before, record?.seconds], ['stopped', 12, 4, 1.5]);
});

test('each term has a journal of its own: what an earlier one writes later is nowhere', async () => {
  const base = path.join(FOLDER, 'adopted', 'shard-1');
  mkdirSync(path.dirname(base));
  await adoptJournal(base, 1);
  assert.equal(await journalsOf(base), []);
  writeFileSync(`${base}.t1.journal`, 'one\n');
  writeFileSync(`${base}.t3.journal`, 'one\ntwo\n');
  writeFileSync(`${base}.t12.journal`, 'of a later term\n');
  await adoptJournal(base, 4);
  assert.equal(
    (await journalsOf(base)).map(({ term }) => term),
    [4, 12],
  );
  assert.is(readFileSync(`${base}.t4.journal`, 'utf8'), 'one\ntwo\n');
});

test.run();
