import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConfig } from '#src/options/config.js';
import { mergeOptions } from '#src/options/merge.js';
import { InformError } from '#src/errors.js';
import { checkOption, defaultOptions, resolveModelOptions } from '#src/options/check.js';
import { settleOptions } from '#src/options/settle.js';
import { kebabCase, OPTIONS, snakeCase } from '#src/options/table.js';

const SEED_CONFIG = `
name: InfOrmScorer
model: infly/INF-ORM-Llama3.1-70B   # Hugging Face id, checkpoint folder, or .gguf
batch_size: 32                      # samples evaluated in parallel
max_length: 4096                    # longer sequences are truncated, with a warning
`;

function rejection(body: () => unknown): InformError {
  try {
    body();
  } catch (error) {
    assert.instance(error, InformError);
    return error as InformError;
  }
  throw new Error('an error was expected');
}

test('the seed configuration is taken as it is', () => {
  assert.equal(parseConfig(SEED_CONFIG, 'inform.yaml'), {
    name: 'InfOrmScorer',
    model: 'infly/INF-ORM-Llama3.1-70B',
    batchSize: 32,
    maxLength: 4096,
  });
});

test('the defaults are those of the seed configuration, unless the model is trained on less', () => {
  const { name, batchSize, maxLength } = defaultOptions();
  assert.equal({ name, batchSize, maxLength }, { name: 'InfOrmScorer', batchSize: 32, maxLength: 'auto' });
});

test('every default passes its own check', () => {
  for (const spec of OPTIONS) {
    if (spec.fallback !== undefined) assert.equal(checkOption(spec, spec.fallback, spec.key), spec.fallback);
  }
});

// As llama.cpp, its file names and the hub spell types.
test('a choice is taken in capitals and small letters', () => {
  for (const spelling of ['Q4_K_M', 'q4_k_m', 'Q4_k_M']) {
    assert.equal(parseConfig(`type: ${spelling}`, 'a.yaml'), { type: 'q4_k_m' });
    assert.is(resolveModelOptions({ type: spelling }).type, 'q4_k_m');
  }
  for (const spelling of ['auto', 'AUTO']) assert.is(resolveModelOptions({ type: spelling }).type, 'auto');
  assert.is(resolveModelOptions({}).type, 'auto');
  assert.match(rejection(() => parseConfig('type: Q4_K_X', 'a.yaml')).message, /but is "Q4_K_X"/);
});

test('exact stands for three settings, and contradicts the opposites of four', () => {
  const settings = { deterministic: true, flashAttention: false, kvType: 'f32' };
  for (const found of [resolveModelOptions({ exact: true }), mergeOptions({ exact: true }, { kvType: 'auto' })]) {
    const { deterministic, flashAttention, kvType } = found;
    assert.equal({ deterministic, flashAttention, kvType }, settings);
  }
  assert.is(mergeOptions({ exact: true }, { exact: false }).deterministic, false);
  for (const given of [
    { kvType: 'f16' },
    { deterministic: false },
    { flashAttention: true },
    { activations: 'int16' },
  ] as const) {
    const { code, message } = rejection(() => mergeOptions({ exact: true }, given));
    assert.is(code, 'INFORM_INVALID_CONFIG');
    assert.match(message, /^exact needs (\w+) \S+, but \1 is \S+\. Leave one/);
    rejection(() => resolveModelOptions({ exact: true, ...given }));
  }
});

test('max_length that nobody set is what the model was trained on, if that is less than 4096', () => {
  const settled = (maxLength: number | 'auto', trained?: number) => {
    const { options, notes } = settleOptions({ ...resolveModelOptions({}), maxLength }, trained);
    return [options.maxLength, notes.length];
  };
  assert.equal(settled('auto', 8192), [4096, 0]);
  assert.equal(settled('auto'), [4096, 0]);
  assert.equal(settled('auto', 2048), [2048, 1]);
  assert.equal(settled(4096, 2048), [4096, 0]);
});

test('flags come before the file, the file before the defaults', () => {
  const merged = mergeOptions({ batchSize: 8, maxLength: 100 }, { batchSize: 4 });
  assert.is(merged.batchSize, 4);
  assert.is(merged.maxLength, 100);
  assert.is(merged.microBatch, 'auto');
});

test('an unknown key is named, with the nearest known one', () => {
  const error = rejection(() => parseConfig('batchsize: 3', 'a.yaml'));
  assert.is(error.code, 'INFORM_INVALID_CONFIG');
  assert.match(error.message, /"batchsize"/);
  assert.match(error.message, /Did you mean "batch_size"\?/);
});

test('a far-off key gets no guess', () => {
  assert.not.match(rejection(() => parseConfig('qqqqqqqqqqqq: 3', 'a.yaml')).message, /Did you mean/);
});

const WRONG: [yaml: string, names: RegExp][] = [
  ['batch_size: many', /batch_size in a\.yaml must be an integer from 1 to 256, but is "many" \(string\)/],
  ['batch_size: 0', /but is 0 \(number\)/],
  ['batch_size: 257', /but is 257/],
  ['batch_size: 1.5', /but is 1\.5/],
  ['batch_size: "32"', /but is "32" \(string\)/],
  ['batch_size: [32]', /but is \[ 32 \] \(list\)/],
  ['max_length: true', /max_length .* but is true \(boolean\)/],
  ['batch_size: .inf', /but is Infinity/],
  ['batch_size: &a [*a]', /but is .*Circular.* \(list\)/],
  ['threads: fast', /"auto" or an integer/],
  ['special_tokens: maybe', /"parse" or "literal"/],
  ['flash_attention: "yes"', /true or false/],
  ['model: ""', /model .* a string/],
  ['input: [a, 3]', /a string or a list of strings/],
];

for (const [yaml, message] of WRONG) {
  test(`a wrong value is named: ${yaml}`, () => {
    const error = rejection(() => parseConfig(yaml, 'a.yaml'));
    assert.is(error.code, 'INFORM_INVALID_CONFIG');
    assert.match(error.message, message);
  });
}

const NO_CONFIG = [
  '- a\n- b',
  '42',
  'a: b: c',
  'batch_size: 1\nbatch_size: 2',
  '"unterminated',
  '!!js/function x',
  '&a [*a',
  'a: 1\n---\na: 2',
];

for (const yaml of NO_CONFIG) {
  test(`what is no configuration is refused: ${JSON.stringify(yaml)}`, () => {
    assert.is(rejection(() => parseConfig(yaml, 'a.yaml')).code, 'INFORM_INVALID_CONFIG');
  });
}

for (const yaml of ['', '\n', '# only a comment\n', '---\n']) {
  test(`an empty configuration says nothing: ${JSON.stringify(yaml)}`, () => {
    assert.equal(parseConfig(yaml, 'a.yaml'), {});
  });
}

test('a key without a value stays at its default', () => {
  assert.equal(parseConfig('model:\nbatch_size: 3', 'a.yaml'), { batchSize: 3 });
});

test('one input or several', () => {
  assert.equal(parseConfig('input: a.jsonl', 'a.yaml'), { input: ['a.jsonl'] });
  assert.equal(parseConfig('input: [a.jsonl, b.jsonl]', 'a.yaml'), { input: ['a.jsonl', 'b.jsonl'] });
});

test('prototype keys are keys like others', () => {
  assert.is(rejection(() => parseConfig('__proto__: {batch_size: 3}', 'a.yaml')).code, 'INFORM_INVALID_CONFIG');
  assert.is(rejection(() => parseConfig('constructor: 3', 'a.yaml')).code, 'INFORM_INVALID_CONFIG');
});

test('the API refuses what belongs to a run, and unknown keys', () => {
  assert.is(resolveModelOptions({ batchSize: 7, threads: undefined }).batchSize, 7);
  assert.match(rejection(() => resolveModelOptions({ output: 'x' })).message, /unknown option "output"/);
  assert.match(rejection(() => resolveModelOptions({ batchsize: 1 })).message, /Did you mean "batchSize"\?/);
  assert.match(rejection(() => resolveModelOptions({ maxLength: Number.NaN })).message, /maxLength/);
});

test('keys become flags and YAML keys', () => {
  assert.is(snakeCase('contextTokens'), 'context_tokens');
  assert.is(kebabCase('contextTokens'), 'context-tokens');
});

test('a batch size that deterministic makes useless is said', () => {
  const notesOf = (given: Record<string, unknown>): readonly string[] =>
    settleOptions(resolveModelOptions(given)).notes;
  assert.equal(notesOf({ deterministic: true }), []);
  assert.equal(notesOf({ batchSize: 64 }), []);
  for (const option of ['deterministic', 'exact'])
    assert.match(notesOf({ [option]: true, batchSize: 64 }).join(), /^batch_size 64 has no effect: /);
});

test.run();
