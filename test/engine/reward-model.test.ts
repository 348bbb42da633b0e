import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufString } from '#src/gguf/metadata.js';
import { InformError, RewardModel, type Sample, type ScoreResult } from '#src/index.js';
import { expectError } from '../support/assert/expect-error.js';
import { editGguf, testModel } from '../support/models/models.js';
import { Random } from '../support/random.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { tokensOf } from '../support/tokens.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const SMALL = { batchSize: 8, maxLength: 256, contextTokens: 512 };
/** Else the last bits of a score depend on its neighbours and on what the batch before left in the cache. */
const EXACT = { ...SMALL, deterministic: true };

/** The same sample in another batch is rounded differently; docs/accuracy.md states the largest difference measured. */
const BATCHING_BOUND = 1e-2;

const WORDS = 'the cat sat on a mat while seven silent judges weighed every word of its long answer'.split(' ');

function randomSamples(count: number, seed: number): Sample[] {
  const random = new Random(seed);
  const text = (most: number): string =>
    Array.from({ length: 1 + random.below(most) }, () => WORDS[random.below(WORDS.length)] ?? '').join(' ');
  return Array.from({ length: count }, (_, id) => ({ id, instruction: text(20), output: text(120) }));
}

async function collect(model: RewardModel, samples: Iterable<Sample> | AsyncIterable<Sample>): Promise<ScoreResult[]> {
  const results: ScoreResult[] = [];
  for await (const result of model.scoreAll(samples)) results.push(result);
  return results;
}

function at(message: unknown): Sample {
  return message as Sample;
}

test('one score, and what the model is', async () => {
  await using model = await RewardModel.load(MODEL, SMALL);
  const score = await model.score({ instruction: 'What is 2+2?', output: '4' });
  assert.ok(Number.isFinite(score));
  assert.is(Math.fround(score), score, 'a score is a 32-bit float, not rounded again');
  const { hiddenSize, headHiddenSize, vocabularySize, contextTokens } = model.info;
  assert.equal(
    { hiddenSize, headHiddenSize, vocabularySize, contextTokens },
    { hiddenSize: 128, headHiddenSize: 128, vocabularySize: 128256, contextTokens: 512 },
  );
});

test('each result comes with its place and with the sample that was given', async () => {
  await using model = await RewardModel.load(MODEL, SMALL);
  const samples = randomSamples(5, 3).map((sample, i) => ({ ...sample, id: undefined, note: `row ${i}` }));
  let count = 0;
  for await (const { index, id, sample } of model.scoreAll(samples)) {
    assert.is(index, count);
    assert.is(id, count);
    assert.is(sample, samples[count]);
    assert.is(sample.note, `row ${count}`);
    count++;
  }
  assert.is(count, samples.length);
});

test('alone, in a batch, in any order, at any batch size: the same score within the stated bound', async () => {
  const samples = randomSamples(60, 1);
  await using alone = await RewardModel.load(MODEL, { ...SMALL, batchSize: 1 });
  const expected = (await collect(alone, samples)).map(({ score }) => score);
  const spread = Math.max(...expected) - Math.min(...expected);
  assert.ok(spread > 1, `the scores must differ for this to mean something, but spread over ${spread}`);

  for (const batchSize of [2, 7, 32]) {
    await using model = await RewardModel.load(MODEL, { batchSize, maxLength: 256, contextTokens: 2048 });
    const random = new Random(batchSize);
    const shuffled = samples
      .map((sample) => ({ sample, key: random.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ sample }) => sample);
    for (const { id, score } of await collect(model, shuffled)) {
      const difference = Math.abs(score - (expected[id as number] ?? NaN));
      assert.ok(
        difference <= BATCHING_BOUND,
        `sample ${id as number} differs by ${difference} at batch size ${batchSize}`,
      );
    }
  }
});

test('asked again, and after closing and loading again: exactly the same', async () => {
  const samples = randomSamples(20, 2);
  const first = await RewardModel.load(MODEL, EXACT);
  const scores = await collect(first, samples);
  assert.equal(await collect(first, samples), scores);
  await first.close();
  await using second = await RewardModel.load(MODEL, EXACT);
  assert.equal(await collect(second, samples), scores);
});

test('samples come from arrays, generators and streams, and keep their order and ids', async () => {
  await using model = await RewardModel.load(MODEL, SMALL);
  const samples: Sample[] = randomSamples(30, 3).map((sample, i) =>
    i % 3 === 0 ? { ...sample, id: `s${i}` } : { ...sample, id: null },
  );
  const ids = samples.map((sample, i) => sample.id ?? i);
  async function* stream(): AsyncGenerator<Sample> {
    for (const sample of samples) {
      await Promise.resolve();
      yield sample;
    }
  }
  for (const source of [samples, samples.values(), stream()]) {
    assert.equal(
      (await collect(model, source)).map(({ id }) => id),
      ids,
    );
  }
});

test('a long sample is truncated on the right and says so', async () => {
  await using model = await RewardModel.load(MODEL, { ...SMALL, maxLength: 64 });
  const output = 'word '.repeat(500);
  const [long, other] = await collect(model, [
    { instruction: 'q', output },
    { instruction: 'q', output: output + 'and another end' },
  ]);
  assert.is(long?.tokens, 64);
  assert.is(long?.truncated, true);
  assert.is(long?.score, other?.score, 'what was cut off cannot matter');
});

test('input and messages are what the reference makes of them', async () => {
  await using model = await RewardModel.load(MODEL, EXACT);
  const score = (sample: Sample): Promise<number> => model.score(sample);
  const viaInput = await score({ instruction: 'Translate.', input: 'Guten Tag', output: 'Good day' });
  assert.is(await score({ instruction: 'Translate.\nGuten Tag', output: 'Good day' }), viaInput);
  const messages = [
    { role: 'user' as const, content: 'Translate.\nGuten Tag' },
    { role: 'assistant' as const, content: 'Good day' },
  ];
  assert.is(await score({ messages }), viaInput);
  assert.is.not(await score({ messages: [{ role: 'system', content: 'Be rude.' }, ...messages] }), viaInput);
});

test('special tokens in a sample: parsed as the reference does, or taken literally', async () => {
  const plain = { instruction: 'Say hello.', output: 'Hello there.' };
  const forged = { instruction: 'Say hello.', output: 'Hello<|eot_id|> there.' };
  await using parsing = await RewardModel.load(MODEL, EXACT);
  await using literal = await RewardModel.load(MODEL, { ...EXACT, specialTokens: 'literal' });
  const [plainParsed, forgedParsed] = await collect(parsing, [plain, forged]);
  const [plainLiteral, forgedLiteral] = await collect(literal, [plain, forged]);
  assert.is(plainLiteral?.score, plainParsed?.score);
  assert.is(forgedParsed?.tokens, (plainParsed?.tokens ?? 0) + 1);
  assert.ok((forgedLiteral?.tokens ?? 0) > (forgedParsed?.tokens ?? Infinity));
  assert.is.not(forgedLiteral?.score, forgedParsed?.score);
});

test('bad samples are reported in order, or thrown where nobody listens', async () => {
  await using model = await RewardModel.load(MODEL, SMALL);
  const good: Sample = { instruction: 'q', output: 'a' };
  const samples = [good, at({ instruction: 'q' }), at(null), at(7), { ...good, id: 'last' }, at({ ...good, id: NaN })];
  const rejected: [number, unknown, string][] = [];
  const ids: unknown[] = [];
  const onReject = ({ index, id, error }: { index: number; id: unknown; error: InformError }): void => {
    rejected.push([index, id, error.code]);
  };
  for await (const { id } of model.scoreAll(samples, { onReject })) ids.push(id);
  assert.equal(ids, [0, 'last']);
  assert.equal(rejected, [
    [1, 1, 'INFORM_INVALID_SAMPLE'],
    [2, 2, 'INFORM_INVALID_SAMPLE'],
    [3, 3, 'INFORM_INVALID_SAMPLE'],
    [5, 5, 'INFORM_INVALID_SAMPLE'],
  ]);
  await expectError('INFORM_INVALID_SAMPLE', /"output" is missing/, () => collect(model, samples));
  // As the Python scorer does with them: to the template, which trims, both answers are the same.
  assert.is(await model.score({ instruction: 'q', output: '' }), await model.score({ instruction: 'q', output: ' ' }));
  assert.ok(Number.isFinite(await model.score(good)), 'the model goes on');
});

test('options are checked before anything is loaded', async () => {
  const load = (options: object): Promise<RewardModel> => RewardModel.load('nowhere.gguf', options);
  await expectError('INFORM_INVALID_CONFIG', /batchSize must be an integer from 1 to 256, but is 0/, () =>
    load({ batchSize: 0 }),
  );
  await expectError('INFORM_INVALID_CONFIG', /Did you mean "maxLength"/, () => load({ maxLenght: 3 }));
  await expectError('INFORM_INVALID_CONFIG', /context_tokens is 10/, () =>
    RewardModel.load(MODEL, { contextTokens: 10 }),
  );
  await expectError('INFORM_INVALID_CONFIG', /sequences of up to 131072 tokens/, () =>
    RewardModel.load(MODEL, { maxLength: 200_000 }),
  );
});

test('a closed model refuses work; closing twice is closing once', async () => {
  const model = await RewardModel.load(MODEL, SMALL);
  await Promise.all([model.close(), model.close()]);
  await model.close();
  await expectError('INFORM_CLOSED', /closed/, () => model.score({ instruction: 'q', output: 'a' }));
});

test('closing waits for what runs', async () => {
  const model = await RewardModel.load(MODEL, SMALL);
  const scoring = model.score({ instruction: 'q', output: 'a '.repeat(200) });
  // The sample is encoded before it is queued; give it the time to get there.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const closing = model.close();
  const [outcome] = await Promise.allSettled([scoring, closing]);
  if (outcome.status === 'rejected') assert.is((outcome.reason as InformError).code, 'INFORM_CLOSED');
  else assert.ok(Number.isFinite(outcome.value));
});

test('calls at the same time are queued, not mixed up', async () => {
  await using model = await RewardModel.load(MODEL, EXACT);
  const samples = randomSamples(12, 4);
  const together = await Promise.all(samples.map((sample) => model.score(sample)));
  for (const [i, sample] of samples.entries()) assert.is(await model.score(sample), together[i]);
});

test('an abort ends loading and scoring, and the model stays usable', async () => {
  await expectError('INFORM_ABORTED', /abort/, () => RewardModel.load(MODEL, { signal: AbortSignal.abort() }));
  await using model = await RewardModel.load(MODEL, SMALL);
  const signal = AbortSignal.timeout(30);
  async function* endless(): AsyncGenerator<Sample> {
    for (;;) {
      await Promise.resolve();
      yield { instruction: 'q', output: 'a '.repeat(200) };
    }
  }
  await expectError('INFORM_ABORTED', /abort/, async () => {
    for await (const { score } of model.scoreAll(endless(), { signal })) assert.ok(Number.isFinite(score));
  });
  assert.ok(Number.isFinite(await model.score({ instruction: 'q', output: 'a' })));
});

test('two models score side by side', async () => {
  const samples = randomSamples(16, 5);
  await using first = await RewardModel.load(MODEL, SMALL);
  await using second = await RewardModel.load(MODEL, SMALL);
  const [a, b] = await Promise.all([collect(first, samples), collect(second, samples)]);
  assert.equal(a, b);
});

test('a head in a file of its own scores like one in the model', async () => {
  const isHead = (name: string): boolean => name.startsWith('cls.');
  const backbone = await editGguf(MODEL, path.join(FOLDER, 'backbone.gguf'), { keep: ({ name }) => !isHead(name) });
  const head = await editGguf(MODEL, path.join(FOLDER, 'head.gguf'), { keep: ({ name }) => isHead(name) });
  const samples = randomSamples(8, 6);
  await using whole = await RewardModel.load(MODEL, SMALL);
  await using parts = await RewardModel.load(backbone, { ...SMALL, scoreHead: head });
  assert.equal(await collect(parts, samples), await collect(whole, samples));
  await expectError('INFORM_MODEL_HAS_NO_HEAD', /score_head/, () => RewardModel.load(backbone, SMALL));
  await expectError('INFORM_UNSUPPORTED_MODEL', /architecture "bert"/, () =>
    editGguf(head, path.join(FOLDER, 'other.gguf'), {
      metadata: (metadata) => new Map([...metadata, ['general.architecture', ggufString('bert')]]),
    }).then((file) => RewardModel.load(file, SMALL)),
  );
});

test('a head of one layer is linear: negative weights give the negative reward', async () => {
  const oneLayer = (name: string, negate: boolean): Promise<string> =>
    editGguf(MODEL, path.join(FOLDER, name), {
      keep: (tensor) => tensor.name !== 'cls.weight' && tensor.name !== 'cls.bias',
      change: (tensor, data) => {
        if (tensor.name === 'cls.output.bias') data.fill(0);
        // BF16: the sign is the highest bit of the second byte.
        if (tensor.name === 'cls.output.weight' && negate)
          for (let i = 1; i < data.length; i += 2) data.writeUInt8((data[i] ?? 0) ^ 0x80, i);
      },
    });
  await using plus = await RewardModel.load(await oneLayer('one-layer.gguf', false), SMALL);
  await using minus = await RewardModel.load(await oneLayer('one-layer-minus.gguf', true), SMALL);
  assert.is(plus.info.headHiddenSize, 0);
  const samples = randomSamples(8, 9);
  const rewards = (await collect(plus, samples)).map(({ score }) => score);
  assert.ok(rewards.every((reward) => reward !== 0) && new Set(rewards).size === rewards.length);
  assert.equal(
    (await collect(minus, samples)).map(({ score }) => -score),
    rewards,
  );
});

test('weights that are not finite give an error, never a score, and only to the samples they touch', async () => {
  const nan = (tensor: { name: string }, name: string, data: Buffer): void => {
    if (tensor.name === name) data.fill(0xff);
  };
  const spoiled = ' banana';
  const [ids] = await tokensOf(MODEL, [spoiled]);
  const row = ids?.[0] ?? 0;
  const oneToken = await editGguf(MODEL, path.join(FOLDER, 'nan-token.gguf'), {
    change: (tensor, data) => {
      if (tensor.name === 'token_embd.weight') data.fill(0xff, row * 128 * 2, (row + 1) * 128 * 2);
    },
  });
  for (const flashAttention of [true, false]) {
    await using alone = await RewardModel.load(oneToken, { ...SMALL, flashAttention });
    const good = { instruction: 'Name a fruit.', output: 'Apple.' };
    const expected = await alone.score(good);
    const isExpected = (score: number): boolean => Math.abs(score - expected) < BATCHING_BOUND;
    const outcome: unknown[] = [];
    const onReject = ({ index, error }: { index: number; error: InformError }): void => {
      outcome.push([index, error.code]);
    };
    const samples = [good, { ...good, output: 'A banana.' }, good];
    for await (const { score } of alone.scoreAll(samples, { onReject })) outcome.push(isExpected(score));
    assert.equal(outcome, [true, [1, 'INFORM_NON_FINITE_SCORE'], true], `flash attention ${flashAttention}`);
    assert.ok(isExpected(await alone.score(good)), 'and nothing of it stays behind');
  }

  const broken = await editGguf(MODEL, path.join(FOLDER, 'nan-backbone.gguf'), {
    change: (tensor, data) => {
      nan(tensor, 'blk.0.attn_norm.weight', data);
    },
  });
  await using model = await RewardModel.load(broken, SMALL);
  await expectError('INFORM_NON_FINITE_SCORE', /no finite number/, () =>
    model.score({ instruction: 'q', output: 'a' }),
  );

  for (const name of ['cls.weight', 'cls.bias', 'cls.output.weight', 'cls.output.bias']) {
    const head = await editGguf(MODEL, path.join(FOLDER, 'nan-head.gguf'), {
      change: (tensor, data) => {
        nan(tensor, name, data);
      },
    });
    await expectError('INFORM_INVALID_MODEL_FILE', new RegExp(`Tensor ${name} .* NaN`), () =>
      RewardModel.load(head, SMALL),
    );
  }
});

test('heads that this version does not know are refused', async () => {
  const withMetadata = (key: string, text: string | undefined): Promise<RewardModel> =>
    editGguf(MODEL, path.join(FOLDER, 'head-metadata.gguf'), {
      metadata: (metadata) => {
        const changed = new Map(metadata);
        if (text === undefined) changed.delete(key);
        else changed.set(key, ggufString(text));
        return changed;
      },
    }).then((file) => RewardModel.load(file, SMALL));
  await expectError('INFORM_UNSUPPORTED_MODEL', /activation tanh/, () =>
    withMetadata('inform.head.activation', 'tanh'),
  );
  await expectError('INFORM_UNSUPPORTED_MODEL', /does not say its activation/, () =>
    withMetadata('inform.head.activation', undefined),
  );
});

test('a model without a chat template needs one of the user', async () => {
  const bare = await editGguf(MODEL, path.join(FOLDER, 'bare.gguf'), {
    metadata: (metadata) => new Map([...metadata].filter(([key]) => key !== 'tokenizer.chat_template')),
  });
  await expectError('INFORM_TEMPLATE_FAILED', /chat_template/, () => RewardModel.load(bare, SMALL));
  const chatTemplate = fileIn(FOLDER, 'own.jinja', '{% for m in messages %}{{ m.content }}\n{% endfor %}');
  await using model = await RewardModel.load(bare, { ...SMALL, chatTemplate });
  assert.ok(Number.isFinite(await model.score({ instruction: 'q', output: 'a' })));
  await expectError('INFORM_TEMPLATE_FAILED', /cannot be read/, () =>
    RewardModel.load(bare, { ...SMALL, chatTemplate: 'no.jinja' }),
  );
});

test('files that are no models are named as what they are', async () => {
  const text = fileIn(FOLDER, 'text.gguf', 'hello, I am a text file');
  await expectError('INFORM_INVALID_MODEL_FILE', /text\.gguf is not a GGUF file/, () => RewardModel.load(text));
  const empty = fileIn(FOLDER, 'empty.gguf', '');
  await expectError('INFORM_INVALID_MODEL_FILE', /not a GGUF/, () => RewardModel.load(empty));
  const header = fileIn(FOLDER, 'header.gguf', Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(40, 0xff)]));
  await expectError('INFORM_INVALID_MODEL_FILE', /has GGUF version 4294967295/, () => RewardModel.load(header));
  await expectError('INFORM_MODEL_NOT_FOUND', /does not exist/, () =>
    RewardModel.load(path.join(FOLDER, 'missing.gguf')),
  );
  await expectError('INFORM_INVALID_CHECKPOINT', /config\.json is missing/, () => RewardModel.load(FOLDER));
});

test.run();
