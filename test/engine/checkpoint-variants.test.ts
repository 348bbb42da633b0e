import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import { ggufNumber, ggufString } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { attachHead } from '#src/head/attach.js';
import { RewardModel } from '#src/scoring/reward-model.js';
import { expectError } from '../support/assert/expect-error.js';
import { ODD_CHECKPOINTS } from '../support/models/odd-checkpoints.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { VARIANTS } from '../support/models/checkpoint-variants.js';
import { EXACT, readVariantGoldens } from '../support/assert/goldens.js';
import {
  checkpointFingerprint,
  editGguf,
  oddCheckpoint,
  variantCheckpoint,
  variantModel,
} from '../support/models/models.js';

// The judge is Hugging Face transformers: test/reference/make_variant_goldens.py made these goldens from the same checkpoints.

const GOLDENS = readVariantGoldens();
const BOUND = 1e-4;
const ROOT = tempFolder();

test('every variant has goldens, and the samples tell them apart', () => {
  assert.equal(Object.keys(VARIANTS).sort(), GOLDENS.variants.map(({ name }) => name).sort());
  for (const { scores } of GOLDENS.variants) assert.ok(Math.max(...scores) - Math.min(...scores) > 1);
});

for (const { name, checkpoint, scores, maxLength } of GOLDENS.variants) {
  test(`${name}: scores within ${BOUND} of transformers'`, async () => {
    assert.is(await checkpointFingerprint(await variantCheckpoint(name)), checkpoint);
    const model = await RewardModel.load(await variantModel(name), { ...EXACT, maxLength });
    try {
      const found: number[] = [];
      for await (const { score } of model.scoreAll(GOLDENS.samples.map(({ sample }) => sample))) found.push(score);
      for (const [i, score] of scores.entries()) {
        const difference = Math.abs((found[i] ?? NaN) - score);
        assert.ok(difference <= BOUND, `${GOLDENS.samples[i]?.name ?? ''} differs by ${difference}`);
      }
    } finally {
      await model.close();
    }
  });
}

test('a folder without a chat template is scored with the one that is named, and refused without', async () => {
  process.env['INFORM_CACHE_DIR'] = path.join(ROOT, 'cache');
  const odd = ODD_CHECKPOINTS.find(({ name }) => name === 'one-layer');
  if (odd === undefined) throw new Error('no such checkpoint');
  const folder = path.join(ROOT, 'no-template');
  cpSync(await oddCheckpoint(odd), folder, { recursive: true });
  const configFile = path.join(folder, 'tokenizer_config.json');
  const { chat_template: template, ...config } = JSON.parse(readFileSync(configFile, 'utf8')) as Record<
    string,
    unknown
  >;
  fileIn(folder, 'tokenizer_config.json', JSON.stringify(config));
  await expectError('INFORM_INVALID_CHECKPOINT', /has no chat template.*--chat-template/, () =>
    RewardModel.load(folder, { ...EXACT, type: 'f32' }),
  );
  const chatTemplate = fileIn(ROOT, 'template.jinja', String(template));
  // As with the template in its place.
  const { scores } = GOLDENS.variants.find(({ name }) => name === 'no-pad') ?? { scores: [] };
  const model = await RewardModel.load(folder, { ...EXACT, type: 'f32', chatTemplate });
  const [sample] = GOLDENS.samples;
  const difference = Math.abs((await model.score(sample?.sample ?? { messages: [] })) - (scores[0] ?? NaN));
  await model.close();
  assert.ok(difference <= BOUND, String(difference));
});

test('a GGUF that does not say how words are split is refused, and scored with pre', async () => {
  const golden = GOLDENS.variants.find(({ name }) => name === 'smollm');
  const file = await editGguf(await variantModel('smollm'), path.join(ROOT, 'no-pre.gguf'), {
    metadata: (metadata) => new Map([...metadata].filter(([key]) => key !== 'tokenizer.ggml.pre')),
  });
  await expectError(
    'INFORM_UNSUPPORTED_MODEL',
    /does not say how .* splits words \(tokenizer\.ggml\.pre\).* with pre/,
    () => RewardModel.load(file),
  );
  await expectError('INFORM_MODEL_LOAD_FAILED', /unknown pre-tokenizer type: 'x'/, () =>
    RewardModel.load(file, { pre: 'x' }),
  );
  await expectError('INFORM_INVALID_ARGUMENT', /pre is too long/, () =>
    RewardModel.load(file, { pre: 'x'.repeat(128) }),
  );
  // In place of what a file says, too.
  for (const [model, pre] of [
    [file, 'smollm'],
    [await variantModel('gpt-2'), 'smollm'],
  ] as const) {
    await using loaded = await RewardModel.load(model, { ...EXACT, pre });
    for (const [i, { sample }] of GOLDENS.samples.entries()) {
      assert.ok(Math.abs((await loaded.score(sample)) - (golden?.scores[i] ?? NaN)) <= BOUND);
    }
  }
});

test('max_length that nobody set is what the model was trained on, with a note; one that is set is checked', async () => {
  const file = await editGguf(await variantModel('smollm'), path.join(ROOT, 'short.gguf'), {
    metadata: (metadata) => new Map([...metadata, ['llama.context_length', ggufNumber('uint32', 48)]]),
  });
  await using model = await RewardModel.load(file);
  assert.equal(model.info.notes, ['The model was trained on sequences of up to 48 tokens, so max_length is 48.']);
  for await (const { tokens, truncated } of model.scoreAll(GOLDENS.samples.slice(0, 1).map(({ sample }) => sample))) {
    assert.equal([tokens, truncated], [48, true]);
  }
  await expectError('INFORM_INVALID_CONFIG', /max_length is 49, but .* up to 48 tokens/, () =>
    RewardModel.load(file, { maxLength: 49 }),
  );
});

test('a head keeps the rule of its checkpoint, attached or named as score_head', async () => {
  const golden = GOLDENS.variants.find(({ name }) => name === 'pad-is-end-of-turn');
  const folder = await variantCheckpoint('pad-is-end-of-turn');
  const backbone = await editGguf(await variantModel('pad-is-end-of-turn'), path.join(ROOT, 'backbone.gguf'), {
    keep: ({ name }) => !name.startsWith('cls.'),
    metadata: (metadata) => new Map([...metadata].filter(([key]) => !/^inform\.|pooling_type/.test(key))),
  });
  const attached = path.join(ROOT, 'attached.gguf');
  const { differences } = await attachHead(backbone, folder, attached);
  assert.equal(differences, []);
  for (const [file, scoreHead] of [
    [attached, undefined],
    [backbone, folder],
    [backbone, attached],
  ] as const) {
    const model = await RewardModel.load(file, { ...EXACT, scoreHead });
    for (const [i, { sample }] of GOLDENS.samples.entries()) {
      assert.ok(Math.abs((await model.score(sample)) - (golden?.scores[i] ?? NaN)) <= BOUND);
    }
    await model.close();
  }
});

test('attach tells where template and tokenizer are not those of the head', async () => {
  const backbone = path.join(ROOT, 'other-backbone.gguf');
  await editGguf(await variantModel('smollm'), backbone, {
    keep: ({ name }) => !name.startsWith('cls.'),
    metadata: (metadata) => new Map([...metadata].filter(([key]) => key !== 'tokenizer.ggml.add_bos_token')),
  });
  const head = await variantCheckpoint('cut-on-the-left-without-bos');
  const attached = path.join(ROOT, 'differs.gguf');
  const { differences } = await attachHead(backbone, head, attached);
  assert.is(differences.length, 2);
  assert.match(differences[0] ?? '', /has another chat template than the head's model/);
  assert.match(differences[1] ?? '', /differs .*: the way to split words, whether BOS is put before a text\.$/);
  const { metadata } = await readGguf(attached);
  assert.equal(metadata.get('inform.tokenizer.truncation_side'), ggufString('left'));
});

test('a sample that holds a token without a row is rejected by its name, unless tokens are literal', async () => {
  const folder = await variantCheckpoint('pad-beyond-the-embedding');
  const sample = { instruction: 'What is [PAD]?', output: 'A token.' };
  await using model = await RewardModel.load(folder, { ...EXACT, type: 'f32' });
  await expectError('INFORM_INVALID_SAMPLE', /the text of the token "\[PAD\]", for which .* no row/, () =>
    model.score(sample),
  );
  await using literal = await RewardModel.load(folder, { ...EXACT, type: 'f32', specialTokens: 'literal' });
  assert.ok(Number.isFinite(await literal.score(sample)));
});

test('the conversion says that the pad token ends turns, and which token has no row', async () => {
  const notes = async (name: string): Promise<readonly string[]> => {
    const out = path.join(ROOT, `${name}.gguf`);
    return (await convertCheckpoint(await variantCheckpoint(name), out, { type: 'f32' })).notes;
  };
  const [padNote = '', ...others] = await notes('pad-is-end-of-turn');
  assert.match(
    padNote,
    /^The pad token of config\.json is "<\|eot_id\|>", which ends turns\. .* before it is scored\.$/,
  );
  assert.equal(others, []);
  const [rowNote = ''] = await notes('pad-beyond-the-embedding');
  assert.match(rowNote, /^The embedding has no row for "\[PAD\]": /);
  assert.equal(await notes('no-pad'), []);
});

test.run();
