import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli } from '../support/children/cli.js';
import { llamaGguf } from '../support/models/llama-gguf.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const FOLDER = tempFolder();
const OUTPUT = path.join(FOLDER, 'out.gguf');
// One thread takes several seconds for it.
const SLOW = await llamaGguf(path.join(FOLDER, 'slow.gguf'), {
  hidden: 1024,
  feedForward: 2048,
  layers: 6,
  heads: 8,
  vocabulary: 8,
});

function startSlow(): ReturnType<typeof startCli> {
  return startCli(['quantize', SLOW, OUTPUT, '--type', 'iq4_xs', '--threads', '1']);
}

/** Waits until the quantizer's process writes: its file is hidden and ends with .tmp. */
async function writing(): Promise<void> {
  const writes = (name: string): boolean =>
    name.endsWith('.tmp') && (statSync(path.join(FOLDER, name), { throwIfNoEntry: false })?.size ?? 0) > 0;
  while (!readdirSync(FOLDER).some(writes)) await sleep(20);
}

async function nothingLeft(): Promise<void> {
  // The process that wrote may take a moment to notice that it is alone.
  for (let tries = 0; tries < 50 && readdirSync(FOLDER).length > 1; tries++) await sleep(20);
  assert.equal(readdirSync(FOLDER), ['slow.gguf']);
}

test('quantizes the demo model, says so, and keeps an existing file', async () => {
  const output = path.join(tempFolder(), 'q4.gguf');
  const done = await runCli(['quantize', await testModel('bf16'), '-o', output, '--type', 'q4_k_m']);
  assert.is(done.code, 0, done.stderr);
  assert.is(done.stdout, '');
  assert.match(
    done.stderr,
    /^Note: Small models lose much in q4_k_m: .*\nQuantized .* to .*q4\.gguf \(q4_k_m, 42\.2 MB to 25\.9 MB\)\n$/,
  );
  const bytes = readFileSync(output);
  const again = await runCli(['quantize', await testModel('bf16'), output]);
  assert.is(again.code, 1);
  assert.match(again.stderr, /exists already\. Pass --overwrite to replace it\. \[INFORM_OUTPUT_UNWRITABLE\]\n$/);
  assert.ok(readFileSync(output).equals(bytes));
});

test('wrong usage', async () => {
  const noOutput = await runCli(['quantize', SLOW]);
  assert.is(noOutput.code, 2);
  const type = await runCli(['quantize', SLOW, OUTPUT, '--type', 'q4']);
  assert.is(type.code, 2);
  assert.match(type.stderr, /--type must be one of .*\bq4_k_m\b.*but is "q4"/);
  const threads = await runCli(['quantize', SLOW, OUTPUT, '--threads', 'many']);
  assert.is(threads.code, 2);
  assert.match(threads.stderr, /--threads must be "auto" or an integer from 1 to 1024/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends it within a second and leaves nothing behind`, async () => {
    const cli = startSlow();
    const ended = finished(cli);
    await writing();
    const asked = performance.now();
    cli.kill(signal);
    const { code, stderr } = await ended;
    assert.ok(performance.now() - asked < 1000);
    assert.is(code, 130);
    assert.match(stderr, /aborted\. \[INFORM_ABORTED\]\n$/);
    await nothingLeft();
  });
}

test('killed without a chance to clean up, it leaves no process and no file', async () => {
  const cli = startSlow();
  const ended = finished(cli);
  await writing();
  cli.kill('SIGKILL');
  assert.is((await ended).signal, 'SIGKILL');
  await nothingLeft();
});

testIf(process.platform === 'linux')("a crash of llama.cpp's quantizer is one sentence", async () => {
  const cli = startSlow();
  const ended = finished(cli);
  await writing();
  const children = readFileSync(`/proc/${cli.pid ?? 0}/task/${cli.pid ?? 0}/children`, 'utf8').trim();
  assert.match(children, /^\d+$/);
  process.kill(Number(children), 'SIGABRT');
  const { code, stderr } = await ended;
  assert.is(code, 1);
  assert.match(
    stderr,
    /^inform-score: llama\.cpp's quantizer was ended by SIGABRT while it worked on .*slow\.gguf\. \[INFORM_QUANTIZE_FAILED\]\n$/,
  );
  await nothingLeft();
});

test.run();
