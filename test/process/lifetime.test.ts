import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testModel } from '../support/models/models.js';

const MODEL = await testModel('bf16');
const CHILD = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'support', 'children', 'lifetime-child.js');

/** What a scenario exits with when it went through to its own end. */
const WELL = 7;

const SCENARIOS: [name: string, what: string, deadlineMs: number][] = [
  ['exit', 'process.exit() in the middle of a batch ends at once and without a crash', 20_000],
  ['exitWhileLoading', 'process.exit() while a model loads', 20_000],
  ['forget', 'a program that never closes its model ends', 20_000],
  ['collect', 'forgotten models are freed by the garbage collector', 60_000],
  ['reload', 'loading and closing again and again keeps no memory', 60_000],
  ['closeRaces', 'closing in the middle of scoring', 60_000],
  ['workers', 'models in several worker threads agree', 60_000],
  ['races', 'every call raced against abort and close in four worker threads', 120_000],
  ['terminate', 'worker threads terminated while scoring and loading', 60_000],
];

/** glibc gives every thread a heap of its own and keeps what was freed in it, which would look like a leak. */
const ONE_ARENA = { MALLOC_ARENA_MAX: '1' };

for (const [name, what, deadlineMs] of SCENARIOS) {
  test(what, async () => {
    const child = spawn(process.execPath, ['--expose-gc', CHILD, name, MODEL], {
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, ...ONE_ARENA },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.equal({ code, signal }, { code: WELL, signal: null }, output);
  });
}

test.run();
