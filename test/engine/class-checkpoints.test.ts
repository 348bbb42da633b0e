import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { checkedConversation } from '#src/input/sample.js';
import { ChatTemplate } from '#src/prompt/chat-template.js';
import { Encoder } from '#src/prompt/encoder.js';
import { readRewriter, readModelRules } from '#src/scoring/encoding-rules.js';
import { EXACT, readClassGoldens, type ClassGolden } from '../support/assert/goldens.js';
import { rewardsOf } from '../support/assert/evaluate.js';
import { CLASS_CHECKPOINTS, type ClassCheckpoint } from '../support/models/class-checkpoints.js';
import { loadEngine } from '../support/models/load.js';
import { checkpointFingerprint, classCheckpoint, classModel } from '../support/models/models.js';

// The judge is Hugging Face transformers: test/reference/make_class_goldens.py made these goldens from the same checkpoints.

const GOLDENS = readClassGoldens();

const SETTINGS = [
  { type: 'f32', options: EXACT, bound: 1e-4 },
  { type: 'f32', options: {}, bound: 1e-2 },
  { type: 'bf16', options: {}, bound: 3e-2 },
] as const;

/** What rounding a checkpoint's own weights to BF16 does where that is more: the most exact settings are as far off. */
const ROUNDED_WEIGHTS = new Map([['gemma3', 4e-2]]);

test('every checkpoint has goldens, and their scores spread', () => {
  assert.equal(CLASS_CHECKPOINTS.map(({ name }) => name).sort(), GOLDENS.classes.map(({ name }) => name).sort());
  for (const { name, samples } of GOLDENS.classes) {
    const scores = samples.flatMap(({ score }) => score ?? []);
    assert.ok(Math.max(...scores) - Math.min(...scores) > 1, name);
  }
});

for (const made of CLASS_CHECKPOINTS) {
  test(`${made.name}: the generated checkpoint is the one that transformers judged`, async () => {
    assert.is(await checkpointFingerprint(await classCheckpoint(made)), goldenOf(made).checkpoint);
  });

  for (const { type, options, bound: usual } of SETTINGS) {
    const bound = type === 'bf16' ? (ROUNDED_WEIGHTS.get(made.name) ?? usual) : usual;
    const how = options === EXACT ? ', most exact' : '';
    test(`${made.name} in ${type}${how}: ids are Hugging Face's, scores within ${bound} of transformers'`, async () => {
      const path = await classModel(made, type);
      const engine = await loadEngine(path, options);
      try {
        const { samples } = goldenOf(made);
        const encoded = await encode(path, engine, samples);
        for (const [i, { name, ids, score }] of samples.entries()) {
          const tokens = encoded[i];
          if (score === null) assert.instance(tokens, InformError, name);
          else assert.equal(tokens, ids.slice(0, tokens instanceof InformError ? 0 : tokens?.length), name);
        }
        const kept = samples.filter(({ score }) => score !== null);
        const sequences = encoded.flatMap((tokens) => (tokens instanceof InformError ? [] : Int32Array.from(tokens)));
        const scores = await rewardsOf(engine, sequences);
        for (const [i, { name, score }] of kept.entries()) {
          const difference = Math.abs((scores[i] ?? NaN) - (score ?? NaN));
          assert.ok(difference <= bound, `${name} differs by ${difference}`);
        }
      } finally {
        await engine.close();
      }
    });
  }
}

function goldenOf({ name }: ClassCheckpoint): ClassGolden {
  const golden = GOLDENS.classes.find((candidate) => candidate.name === name);
  if (golden === undefined) throw new Error(`no goldens of ${name}`);
  return golden;
}

/** The tokens of every sample, up to the one that is read, as a loaded model makes them. */
async function encode(
  path: string,
  engine: Awaited<ReturnType<typeof loadEngine>>,
  samples: ClassGolden['samples'],
): Promise<(number[] | InformError)[]> {
  const { encoding: rules, normalizer, templateTokens } = await readModelRules({ path, headPath: undefined });
  const template = new ChatTemplate(engine.info.chatTemplate, templateTokens);
  const rewriter = await readRewriter(path, normalizer);
  const encoder = new Encoder(engine, template, {
    maxLength: GOLDENS.maxLength,
    specialTokens: 'parse',
    rules,
    rewriter,
  });
  const encoded = await encoder.encode(samples.map(({ sample }) => checkedConversation(sample)));
  return encoded.map((result) => (result instanceof InformError ? result : [...result.tokens]));
}

test.run();
