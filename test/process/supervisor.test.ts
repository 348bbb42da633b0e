import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import type { Job, Outcome } from '#src/scoring/score-stream.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import { SupervisedModel, type SupervisedOptions } from '#src/supervisor/supervised-model.js';
import { finished, runCli, startCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { Random } from '../support/random.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';
import { loadModel, superviseModel } from '../support/models/load.js';
import { checkedConversation } from '#src/input/sample.js';
import type { ModelOptions } from '#src/options/model-options.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const CRASHING = path.join(
  path.dirname(fileURLToPath(import.meta.url)),
  '..',
  'support',
  'children',
  'crashing-child.js',
);
const onLinux = testIf(process.platform === 'linux');
const QUIET = ['--threads', '1', '--progress', 'none'];
const FAST: Partial<ModelOptions> = { threads: 1, batchSize: 8, maxLength: 256, contextTokens: 512, window: 16 };
const EXACT: Partial<ModelOptions> = { ...FAST, deterministic: true };

interface TestSample {
  instruction: string;
  output: string;
}

/** Samples of many lengths, some with a prefix in common. */
function samplesOf(count: number, seed = 5): TestSample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => ({
    instruction: `Question ${i % 3 === 0 ? 'common to many' : i}: ${'what then? '.repeat(random.below(12))}`,
    output: `Answer ${i}. ${'because '.repeat(random.below(30))}`,
  }));
}

async function* jobs(samples: readonly unknown[]): AsyncGenerator<Job<number>> {
  for (const [tag, sample] of samples.entries()) {
    await Promise.resolve();
    yield { tag, conversation: checkedConversation(sample) };
  }
}

interface Result {
  outcomes: Outcome<number>[];
  crashes: string[];
  stats: PipelineStats;
}

async function scoreIn(
  model: Pick<SupervisedModel, 'scoreJobs'>,
  samples: readonly unknown[],
  stats: PipelineStats,
  live = false,
): Promise<Outcome<number>[]> {
  const outcomes: Outcome<number>[] = [];
  for await (const outcome of model.scoreJobs(jobs(samples), { live, stats })) outcomes.push(outcome);
  return outcomes;
}

async function inProcess(samples: readonly unknown[], options: Partial<ModelOptions>): Promise<Result> {
  await using model = await loadModel(MODEL, options);
  const stats = new PipelineStats();
  return { outcomes: await scoreIn(model, samples, stats), crashes: [], stats };
}

async function supervised(
  samples: readonly unknown[],
  options: Partial<ModelOptions>,
  settings: SupervisedOptions = {},
): Promise<Result> {
  const crashes: string[] = [];
  const onCrash = (what: string): void => void crashes.push(what);
  await using model = await superviseModel(MODEL, options, { onCrash, ...settings });
  const stats = new PipelineStats();
  return { outcomes: await scoreIn(model, samples, stats), crashes, stats };
}

/** What a caller sees of an outcome. */
function visible(outcome: Outcome<number>): unknown {
  if (outcome.error === undefined) return outcome;
  return { tag: outcome.tag, code: outcome.error.code, message: outcome.error.message };
}

async function errorOf(body: () => Promise<unknown>): Promise<InformError> {
  try {
    await body();
  } catch (error) {
    if (error instanceof InformError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

function childrenOf(pid = 0): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** The engine's process of a CLI, once it is there. */
async function engineOf(pid: number | undefined): Promise<number> {
  for (;;) {
    const [child] = childrenOf(pid);
    if (child !== undefined) return child;
    await sleep(5);
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead, too, but keeps its entry until it is waited for.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function cpuTicks(pid: number): Promise<number> {
  await sleep(0);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]);
}

for (const [name, options] of Object.entries({ FAST, EXACT })) {
  test(`a process of its own makes no difference to any outcome or batch (${name})`, async () => {
    const samples: unknown[] = samplesOf(120);
    samples[3] = 'no sample';
    samples[70] = new InformError('INFORM_INVALID_SAMPLE', 'was bad before');
    samples[71] = { instruction: 'a lone surrogate', output: '\ud800' };
    samples[72] = JSON.parse('{"__proto__": {"x": 1}, "instruction": "own __proto__", "output": "😀 \\u0000 \\u2028"}');
    samples[73] = { messages: [{ role: 'assistant', content: 'only an answer' }] };
    samples[119] = {};
    const own = await inProcess(samples, options);
    const other = await supervised(samples, options);
    assert.equal(other.outcomes.map(visible), own.outcomes.map(visible));
    assert.is(other.outcomes.filter(({ error }) => error !== undefined).length, 4);
    for (const key of ['samples', 'batches', 'tokensSeen', 'tokensComputed'] as const) {
      assert.is(other.stats[key], own.stats[key], key);
    }
    assert.ok(other.stats.seconds.engine > 0 && other.stats.elapsed >= other.stats.seconds.engine);
    assert.equal(other.crashes, []);
  });
}

test('samples that end the process are found, blamed and named; all others have the scores that they would have', async () => {
  const samples = samplesOf(80);
  const killers: Record<number, [signal: string, how: string]> = {
    0: ['SIGSEGV', ''],
    30: ['SIGABRT', ''],
    31: ['SIGKILL', ''],
    79: ['SIGABRT', 'while tokenizing'],
  };
  for (const [i, [signal, how]] of Object.entries(killers)) {
    samples[Number(i)] = { instruction: `CRASH ${signal} ${how}`, output: i };
  }
  const harmless = samples.filter((_, i) => killers[i] === undefined);
  const expected = await inProcess(harmless, EXACT);
  const { outcomes, crashes, stats } = await supervised(samples, EXACT, { childModule: CRASHING });

  assert.equal(
    outcomes.map(({ tag }) => tag),
    samples.map((_, i) => i),
  );
  const scores = outcomes.flatMap((outcome) => (outcome.error === undefined ? outcome.score : []));
  assert.equal(
    scores,
    expected.outcomes.flatMap((outcome) => (outcome.error === undefined ? outcome.score : [])),
  );
  const blamed = outcomes.flatMap(({ tag, error }) => (error ? [[tag, error] as const] : []));
  assert.equal(
    blamed.map(([tag]) => tag),
    Object.keys(killers).map(Number),
  );
  for (const [tag, error] of blamed) {
    assert.is(error.code, 'INFORM_ENGINE_CRASHED');
    const signal = killers[tag]?.[0] ?? '';
    const hint = signal === 'SIGKILL' ? ' (perhaps memory ran out)' : '';
    assert.is(
      error.message,
      `The engine's process was ended by ${signal}${hint}: some/file.c:42: GGML_ASSERT(sample != bad) failed. ` +
        'It did so twice with nothing but this sample in it, and not with another one.',
    );
  }
  assert.is(crashes.length, stats.restarts);
  // Once among others, twice alone; of two that are in native code at the same time one is found alone at once.
  assert.ok(crashes.length > 2 * 4 && crashes.length <= 3 * 4, `${crashes.length} crashes`);
  assert.match(crashes[0] ?? '', /^The engine's process was ended by SIGSEGV: .* failed\. Starting it again\.$/);
});

test('samples that end the process only in company are scored alone', async () => {
  const samples = samplesOf(60);
  for (const i of [5, 40]) samples[i] = { instruction: 'CRASH SIGKILL in company', output: `${i}` };
  const { outcomes, crashes } = await supervised(samples, FAST, { childModule: CRASHING });
  assert.ok(outcomes.every(({ error }) => error === undefined));
  // One crash, if the other sample was being tokenized at the time and so was tried alone, too.
  assert.ok(crashes.length === 1 || crashes.length === 2, `${crashes.length} crashes`);
});

test('a crash that does not come again costs no sample', async () => {
  const samples = samplesOf(100);
  for (const i of [20, 90]) {
    samples[i] = { instruction: `CRASH now and then ${path.join(FOLDER, `once-${i}`)} `, output: 'a' };
  }
  const expected = await inProcess(samples, EXACT);
  const { outcomes, crashes } = await supervised(samples, EXACT, { childModule: CRASHING });
  assert.equal(outcomes, expected.outcomes);
  assert.is(crashes.length, 2);
});

test('an engine that always crashes ends the run after some attempts, and blames nobody', async () => {
  const samples = samplesOf(50).map(({ output }) => ({ instruction: 'CRASH SIGABRT', output }));
  const seen: unknown[] = [];
  const crashes: string[] = [];
  const error = await errorOf(async () => {
    const onCrash = (what: string): void => void crashes.push(what);
    await using model = await superviseModel(MODEL, FAST, { childModule: CRASHING, onCrash });
    for await (const outcome of model.scoreJobs(jobs(samples), { live: false })) seen.push(outcome);
  });
  assert.is(error.code, 'INFORM_ENGINE_CRASHED');
  assert.match(error.message, /was ended by SIGABRT: .* 9 times without a score in between, so the run ends\.$/);
  assert.is(crashes.length, 8);
  assert.equal(seen, []);
});

test('a sample that ends the process alone, as another one of its size does, is not blamed: the run ends', async () => {
  const samples = samplesOf(40).map(({ instruction }, i) => ({
    instruction,
    output: i === 20 ? 'because '.repeat(200) : 'yes',
  }));
  process.env['INFORM_TEST_TOO_LONG'] = '200';
  try {
    const seen: Outcome<number>[] = [];
    const error = await errorOf(async () => {
      await using model = await superviseModel(MODEL, FAST, { childModule: CRASHING });
      for await (const outcome of model.scoreJobs(jobs(samples), { live: false })) seen.push(outcome);
    });
    assert.is(error.code, 'INFORM_ENGINE_CRASHED');
    assert.match(error.message, /9 times without a score in between, so the run ends\.$/);
    assert.ok(seen.every(({ error: blame }) => blame === undefined));
  } finally {
    delete process.env['INFORM_TEST_TOO_LONG'];
  }
});

test('a run of nothing but one such sample rejects it', async () => {
  const { outcomes } = await supervised([{ instruction: 'CRASH SIGSEGV', output: 'a' }], FAST, {
    childModule: CRASHING,
  });
  assert.is(outcomes[0]?.error?.code, 'INFORM_ENGINE_CRASHED');
});

test('a process that ends while it loads is one sentence', async () => {
  const childModule = fileIn(FOLDER, 'ending.mjs', 'console.error("no such thing"); process.exit(3);');
  const error = await errorOf(() => superviseModel(MODEL, {}, { childModule }));
  assert.is(error.code, 'INFORM_ENGINE_CRASHED');
  assert.match(error.message, /^The engine's process ended with exit code 3: no such thing while it loaded .*gguf\.$/);
});

test('errors of loading come across as they are', async () => {
  const missing = await errorOf(() => superviseModel(path.join(FOLDER, 'none.gguf')));
  assert.is(missing.code, 'INFORM_MODEL_NOT_FOUND');
  const text = await errorOf(() => superviseModel(fileIn(FOLDER, 'text.gguf', 'no')));
  assert.is(text.code, 'INFORM_INVALID_MODEL_FILE');
  const template = await errorOf(() => superviseModel(MODEL, { chatTemplate: path.join(FOLDER, 'none.jinja') }));
  assert.is(template.code, 'INFORM_TEMPLATE_FAILED');
});

test('one model scores one run after the other, also after a run was left early or its source failed', async () => {
  await using model = await superviseModel(MODEL, EXACT);
  const samples = samplesOf(150);
  const [first] = await scoreIn(model, samples.slice(0, 1), new PipelineStats());
  let closed = false;
  async function* source(): AsyncGenerator<Job<number>> {
    try {
      yield* jobs(samples);
    } finally {
      closed = true;
    }
  }
  for await (const outcome of model.scoreJobs(source(), { live: false })) {
    assert.equal(outcome, first);
    break;
  }
  assert.ok(closed);
  async function* failing(): AsyncGenerator<Job<number>> {
    yield* jobs(samples.slice(0, 10));
    throw new InformError('INFORM_INPUT_UNREADABLE', 'the disk is gone');
  }
  const seen: number[] = [];
  const error = await errorOf(async () => {
    for await (const { tag } of model.scoreJobs(failing(), { live: false })) seen.push(tag);
  });
  assert.is(error.code, 'INFORM_INPUT_UNREADABLE');
  assert.is(seen.length, 10, 'what came before the failure is scored');
  assert.equal(await scoreIn(model, samples.slice(0, 1), new PipelineStats()), [first]);
  assert.equal(await scoreIn(model, [], new PipelineStats()), []);
});

test('a conversation: each sample comes after the score of the one before, across a crash too', async () => {
  const once = path.join(FOLDER, 'once-in-a-conversation');
  const samples = samplesOf(4);
  samples[2] = { instruction: `CRASH now and then ${once} `, output: 'a' };
  let answered = (): void => undefined;
  async function* source(): AsyncGenerator<Job<number>> {
    for (const [tag, sample] of samples.entries()) {
      const answer = new Promise<void>((resolve) => (answered = resolve));
      yield { tag, conversation: checkedConversation(sample) };
      await answer;
    }
  }
  await using model = await superviseModel(MODEL, FAST, { childModule: CRASHING });
  const seen: number[] = [];
  for await (const { tag, error } of model.scoreJobs(source(), { live: true })) {
    assert.is(error, undefined);
    seen.push(tag);
    answered();
  }
  assert.equal(seen, [0, 1, 2, 3]);
});

test('an abort wakes a run whose source is silent, and closing ends the process', async () => {
  const model = await superviseModel(MODEL, FAST);
  const controller = new AbortController();
  async function* silent(): AsyncGenerator<Job<number>> {
    yield* jobs(samplesOf(1));
    await new Promise(() => undefined);
  }
  const error = await errorOf(async () => {
    for await (const { tag } of model.scoreJobs(silent(), { live: true, signal: controller.signal })) {
      assert.is(tag, 0);
      controller.abort();
    }
  });
  assert.is(error.code, 'INFORM_ABORTED');
  const began = performance.now();
  await Promise.all([model.close(), model.close()]);
  assert.ok(performance.now() - began < 2000);
});

// The CLI.

const LONG = fileIn(
  FOLDER,
  'long.jsonl',
  samplesOf(4000)
    .map((sample) => `${JSON.stringify(sample)}\n`)
    .join(''),
);

onLinux('the engine killed in the middle of a run, three times: every score is there, to the last bit', async () => {
  const input = fileIn(
    FOLDER,
    'some.jsonl',
    samplesOf(300)
      .map((sample) => `${JSON.stringify(sample)}\n`)
      .join(''),
  );
  const args = [input, '-m', MODEL, '--deterministic', '--max-length', '128', ...QUIET];
  const undisturbed = await runCli(args);
  assert.is(undisturbed.code, 0, undisturbed.stderr);
  const cli = startCli([...args, '--stats']);
  const ended = finished(cli);
  // Each once: one that was killed is there until it has been waited for.
  const killed = new Set<number>();
  cli.stdout.on('data', () => {
    const engine = childrenOf(cli.pid).find((pid) => !killed.has(pid));
    if (killed.size < 3 && engine !== undefined && isAlive(engine)) {
      process.kill(engine, 'SIGKILL');
      killed.add(engine);
    }
  });
  const { code, stdout, stderr } = await ended;
  assert.is(code, 0, stderr);
  assert.is(killed.size, 3);
  assert.is(stdout, undisturbed.stdout);
  assert.match(stderr, /^The engine's process was ended by SIGKILL \(perhaps memory ran out\)\. Starting it again\.$/m);
  assert.match(stderr, /^Restarts +3 of the engine's process after a crash$/m);
});

onLinux('killed without a chance to say so, the CLI leaves no engine behind', async () => {
  const cli = startCli([LONG, '-m', MODEL, ...QUIET]);
  const ended = finished(cli);
  const engine = await engineOf(cli.pid);
  while ((await cpuTicks(engine)) < 50) await sleep(10); // so that it is evaluating
  cli.kill('SIGKILL');
  await ended;
  const began = performance.now();
  while (isAlive(engine) && performance.now() - began < 5000) await sleep(10);
  assert.not.ok(isAlive(engine));
  assert.ok(performance.now() - began < 2000);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  onLinux(`${signal} to both processes, as a terminal sends it, ends the run in order within two seconds`, async () => {
    const cli = startCli([LONG, '-m', MODEL, ...QUIET]);
    const ended = finished(cli);
    const engine = await engineOf(cli.pid);
    await new Promise((resolve) => cli.stdout.once('data', resolve));
    const asked = performance.now();
    process.kill(engine, signal);
    await sleep(20);
    assert.ok(isAlive(engine), 'the engine alone ignores it');
    cli.kill(signal);
    const { code, stderr } = await ended;
    assert.ok(performance.now() - asked < 2000);
    assert.is(code, 130, stderr);
    assert.not.match(stderr, /engine's process/);
    assert.not.ok(isAlive(engine));
  });
}

onLinux('interrupted while its engine starts, the CLI ends in order', async () => {
  for (const delay of [0, 20, 50, 100]) {
    const cli = startCli([LONG, '-m', MODEL, ...QUIET]);
    const ended = finished(cli);
    const engine = await engineOf(cli.pid);
    await sleep(delay);
    cli.kill('SIGINT');
    try {
      process.kill(engine, 'SIGINT');
    } catch {
      // It has ended already.
    }
    const { code, stderr } = await ended;
    assert.is(code, 130, `${delay} ms: ${stderr}`);
    assert.not.match(stderr, /CRASHED/);
  }
});

test.run();
