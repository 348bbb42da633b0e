import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { readTokenizer } from '#src/convert/tokenizer.js';
import { LLAMA3_SPLIT_PATTERN } from '#src/convert/pre-tokenizer.js';
import { tokenizerRulesOf } from '#src/gguf/scoring-rules.js';
import type { GgufValue } from '#src/gguf/types.js';
import { handCheckpoint, handConfig, handTokenizer, type HandCheckpoint } from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
let made = 0;

async function metadataIn(folder: string): Promise<Map<string, GgufValue>> {
  const files = new CheckpointFiles(folder);
  return new Map((await readTokenizer(files, await readCheckpointConfig(files))).metadata);
}

function metadataOf(parts: HandCheckpoint): Promise<Map<string, GgufValue>> {
  return metadataIn(handCheckpoint(root, String(made++), parts));
}

function withModel(change: Record<string, unknown>): HandCheckpoint {
  const tokenizer = handTokenizer();
  return { tokenizer: { ...tokenizer, model: { ...(tokenizer['model'] as object), ...change } } };
}

test('vocabulary: tokens by id, control tokens, and rows that no token has', async () => {
  const metadata = await metadataOf({});
  assert.is(metadata.get('tokenizer.ggml.model')?.value, 'gpt2');
  assert.is(metadata.get('tokenizer.ggml.pre')?.value, 'llama-bpe');
  assert.equal(metadata.get('tokenizer.ggml.tokens')?.value, ['a', 'b', 'ab', '<|begin_of_text|>', '[PAD4]']);
  assert.equal(metadata.get('tokenizer.ggml.token_type')?.value, Int32Array.of(1, 1, 1, 3, 5));
  assert.equal(metadata.get('tokenizer.ggml.merges')?.value, ['a b']);
});

test('added tokens: control by mark or by form, others are user-defined', async () => {
  const added = [
    { id: 3, content: '<|odd|>', special: false },
    { id: 4, content: 'plain', special: false },
  ];
  const metadata = await metadataOf({ tokenizer: { ...handTokenizer(), added_tokens: added } });
  assert.equal(metadata.get('tokenizer.ggml.token_type')?.value, Int32Array.of(1, 1, 1, 3, 4));
});

test('merges as pairs, where a space stands for itself', async () => {
  const metadata = await metadataOf(
    withModel({
      merges: [
        ['a', 'b'],
        [' ', 'a'],
      ],
    }),
  );
  assert.equal(metadata.get('tokenizer.ggml.merges')?.value, ['a b', 'Ġ a']);
});

// What transformers 5.23 says of the same files.
test('special ids: by text first, else from config.json, and only within the vocabulary', async () => {
  const byText = await metadataOf({ config: { ...handConfig(), bos_token_id: 0 } });
  assert.equal(byText.get('tokenizer.ggml.bos_token_id'), { type: 'uint32', value: 3 });
  // Chat templates see what the tokenizer says about these two, which here says nothing about EOS.
  assert.not.ok(byText.has('tokenizer.ggml.eos_token_id'));
  assert.equal(byText.get('tokenizer.ggml.padding_token_id'), { type: 'uint32', value: 4 });

  const asObject = { bos_token: { content: '<|begin_of_text|>' }, chat_template: 'x' };
  assert.is((await metadataOf({ tokenizerConfig: asObject })).get('tokenizer.ggml.bos_token_id')?.value, 3);

  const outside = await metadataOf({ config: { ...handConfig(), pad_token_id: 5, eos_token_id: [3, 4] } });
  assert.not.ok(outside.has('tokenizer.ggml.padding_token_id'));
  assert.not.ok(outside.has('tokenizer.ggml.eos_token_id'));
});

test('special tokens of other kinds, and a special_tokens_map.json, which counts without an added_tokens_decoder', async () => {
  const added = [
    { id: 3, content: '<|begin_of_text|>', special: true },
    { id: 4, content: '[PAD]', special: true },
  ];
  const tokenizer = { ...handTokenizer(), added_tokens: added };
  const tokenizerConfig = { mask_token: '[PAD]', bos_token: '<|begin_of_text|>', chat_template: 'x' };
  const files = { 'special_tokens_map.json': '{"pad_token": {"content": "[PAD]"}, "bos_token": "[PAD]"}' };
  const config = { ...handConfig(), pad_token_id: 0, sep_token_id: 1, unk_token_id: 2 };
  const metadata = await metadataOf({ config, tokenizer, tokenizerConfig, files });
  const ids = [...metadata].filter(([key]) => key.endsWith('_token_id')).map(([key, { value }]) => [key, value]);
  assert.equal(Object.fromEntries(ids), {
    'tokenizer.ggml.bos_token_id': 4,
    'tokenizer.ggml.unknown_token_id': 2,
    'tokenizer.ggml.seperator_token_id': 1,
    'tokenizer.ggml.padding_token_id': 4,
    'tokenizer.ggml.mask_token_id': 4,
  });
  const listing = { ...tokenizerConfig, added_tokens_decoder: { 3: added[0], 4: added[1] } };
  const listed = await metadataOf({ config, tokenizer, tokenizerConfig: listing, files });
  assert.is(listed.get('tokenizer.ggml.bos_token_id')?.value, 3);
  assert.is(listed.get('tokenizer.ggml.padding_token_id')?.value, 0);
});

// What transformers 5.23 has as `special_tokens_map` with the same files.
test('the special tokens that a template sees: those with a name, of whatever kind', async () => {
  const seen = async (tokenizerConfig: object, tokenizer = {}): Promise<unknown> => {
    const parts = {
      config: { ...handConfig(), vocab_size: 9, pad_token_id: 0, unk_token_id: 1 },
      tokenizer: { ...handTokenizer(), ...tokenizer },
      tokenizerConfig: { chat_template: 'x', ...tokenizerConfig },
    };
    return JSON.parse(String((await metadataOf(parts)).get('inform.template.special_tokens')?.value));
  };
  assert.equal(await seen({}), {});
  assert.equal(await seen({ bos_token: null, pad_token: { content: 'a' }, add_bos_token: true }), { pad_token: 'a' });
  assert.equal(await seen({ image_token: 'b', extra_special_tokens: { boi: 'a' } }), { image_token: 'b', boi: 'a' });
  assert.equal(await seen({ extra_special_tokens: ['a'], cls_token: 'b' }), { cls_token: 'b' });
  const saved = { model_specific_special_tokens: { boi: 'a', image_token: 'b' } };
  assert.equal(await seen(saved), { boi: 'a', image_token: 'b' });
  assert.equal(await seen({ ...saved, image_token: 'ab' }), { image_token: 'ab' });
  const padding = { padding: { pad_token: 'a', pad_id: 0, strategy: 'BatchLongest', direction: 'Right' } };
  assert.equal(await seen({}, padding), { pad_token: 'a' });
  assert.equal(await seen({ pad_token: null }, padding), {});
  const end = '<|endoftext|>';
  // transformers 5.23: these classes have a pad token of their own, or none, whatever the padding says.
  assert.equal(await seen({ tokenizer_class: 'Qwen2Tokenizer' }, padding), {
    eos_token: end,
    unk_token: end,
    pad_token: end,
  });
  assert.equal(await seen({ tokenizer_class: 'GPT2TokenizerFast' }, padding), {
    bos_token: end,
    eos_token: end,
    unk_token: end,
  });
  assert.equal(await seen({ tokenizer_class: 'Qwen2TokenizerFast', eos_token: 'a', pad_token: null }), {
    eos_token: 'a',
    unk_token: end,
  });
});

// What transformers 5.23 does with the same files: `tokenizer('hi').input_ids`.
test('whether BOS is added: by the post-processor, whatever tokenizer_config.json says', async () => {
  const bos = { SpecialToken: { id: '<|begin_of_text|>' } };
  const sequence = { Sequence: { id: 'A' } };
  const template = { type: 'TemplateProcessing', single: [bos, sequence], pair: [bos, sequence] };
  const processors = [{ type: 'ByteLevel' }, template];
  const tokenizer = { ...handTokenizer(), post_processor: { type: 'Sequence', processors } };
  const key = 'tokenizer.ggml.add_bos_token';
  const found = await metadataOf({ tokenizer });
  assert.equal(found.get(key), { type: 'bool', value: true });
  const direct = await metadataOf({ tokenizer: { ...handTokenizer(), post_processor: template } });
  assert.equal(direct.get(key), { type: 'bool', value: true });
  const stated = { add_bos_token: false, bos_token: '<|begin_of_text|>', chat_template: 'x' };
  assert.is((await metadataOf({ tokenizer, tokenizerConfig: stated })).get(key)?.value, true);

  // Without a bos_token it is added all the same, but templates do not see it.
  for (const tokenizerConfig of [{ chat_template: 'x' }, { bos_token: null, chat_template: 'x' }]) {
    const withoutBos = await metadataOf({ tokenizer, tokenizerConfig });
    assert.is(withoutBos.get(key)?.value, true);
    assert.is(withoutBos.get('tokenizer.ggml.bos_token_id')?.value, 3);
    assert.is(withoutBos.get('inform.template.special_tokens')?.value, '{}');
    const nowhere = await metadataOf({ tokenizerConfig });
    assert.not.ok(nowhere.has(key));
    assert.not.ok(nowhere.has('tokenizer.ggml.bos_token_id'));
  }

  assert.not.ok((await metadataOf({})).has(key));
  const adds = { add_bos_token: true, bos_token: '<|begin_of_text|>', chat_template: 'x' };
  const byteLevel = { ...handTokenizer(), post_processor: { type: 'ByteLevel' } };
  assert.is((await metadataOf({ tokenizer: byteLevel, tokenizerConfig: adds })).get(key)?.value, false);
  const none = { ...handTokenizer(), post_processor: { ...template, single: [sequence] } };
  assert.is((await metadataOf({ tokenizer: none })).get(key)?.value, false);
});

test('post-processors that add anything else are refused', async () => {
  const bos = { SpecialToken: { id: '<|begin_of_text|>' } };
  const sequence = { Sequence: { id: 'A' } };
  for (const single of [[bos, sequence, bos], [sequence, bos], [{ SpecialToken: { id: 'a' } }, sequence], []]) {
    const tokenizer = { ...handTokenizer(), post_processor: { type: 'TemplateProcessing', single } };
    await expectError('INFORM_UNSUPPORTED_MODEL', /adds other tokens than BOS before a text: \[/, () =>
      metadataOf({ tokenizer }),
    );
  }
  const roberta = { ...handTokenizer(), post_processor: { type: 'RobertaProcessing', sep: ['</s>', 2] } };
  await expectError('INFORM_UNSUPPORTED_MODEL', /has the post-processor \{"type":"RobertaProcessing"/, () =>
    metadataOf({ tokenizer: roberta }),
  );
});

test('the side of truncation, where it is not the right one', async () => {
  const key = 'inform.tokenizer.truncation_side';
  const config = { bos_token: '<|begin_of_text|>', chat_template: 'x' };
  assert.not.ok((await metadataOf({})).has(key));
  assert.not.ok((await metadataOf({ tokenizerConfig: { ...config, truncation_side: 'right' } })).has(key));
  const left = await metadataOf({ tokenizerConfig: { ...config, truncation_side: 'left' } });
  assert.equal(left.get(key), { type: 'string', value: 'left' });
  const tokenizer = { ...handTokenizer(), truncation: { direction: 'Left', max_length: 5 } };
  assert.is((await metadataOf({ tokenizer })).get(key)?.value, 'left');
  await expectError('INFORM_INVALID_CHECKPOINT', /has the truncation_side "up"; "left" and "right" are possible/, () =>
    metadataOf({ tokenizerConfig: { ...config, truncation_side: 'up' } }),
  );
});

test('the chat template: in tokenizer_config.json, as a list, or in a file of its own', async () => {
  const key = 'tokenizer.chat_template';
  assert.is((await metadataOf({})).get(key)?.value, '{{ bos_token }}');
  const list = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'plain' },
  ];
  assert.is((await metadataOf({ tokenizerConfig: { chat_template: list } })).get(key)?.value, 'plain');

  const files = { 'chat_template.jinja': 'in a file' };
  assert.is((await metadataOf({ files })).get(key)?.value, 'in a file'); // as transformers prefers it

  const folder = handCheckpoint(root, String(made++));
  rmSync(join(folder, 'tokenizer_config.json'));
  await expectError('INFORM_INVALID_CHECKPOINT', /has no chat template/, () => metadataIn(folder));
  writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}\n');
  assert.is((await metadataIn(folder)).get(key)?.value, '{{ messages }}\n');
});

function preTokenizer(...steps: object[]): Record<string, unknown> {
  return { ...handTokenizer(), pre_tokenizer: { type: 'Sequence', pretokenizers: steps } };
}

const LLAMA3_SPLIT = {
  type: 'Split',
  pattern: { Regex: LLAMA3_SPLIT_PATTERN },
  behavior: 'Isolated',
  invert: false,
};

const BYTES = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };

test('the ways to split text that llama.cpp has, by its names', async () => {
  const digits = { type: 'Digits', individual_digits: true };
  const qwen2 = { ...LLAMA3_SPLIT, pattern: { Regex: LLAMA3_SPLIT_PATTERN.replace('{1,3}', '') } };
  const merging = { ...(handTokenizer()['model'] as object), ignore_merges: false };
  const cases: [string, Record<string, unknown>][] = [
    ['llama-bpe', preTokenizer(LLAMA3_SPLIT, BYTES)],
    ['smollm', { ...preTokenizer(digits, { ...BYTES, use_regex: true }), model: merging }],
    ['smollm', { ...preTokenizer(digits, { type: 'ByteLevel', add_prefix_space: false }), model: merging }],
    ['qwen2', { ...preTokenizer(qwen2, BYTES), model: merging }],
    ['gpt-2', { ...handTokenizer(), pre_tokenizer: { ...BYTES, use_regex: true }, model: merging }],
  ];
  for (const [name, tokenizer] of cases) {
    assert.is((await metadataOf({ tokenizer })).get('tokenizer.ggml.pre')?.value, name);
  }
});

// transformers 5.23: `AutoTokenizer.from_pretrained(folder).backend_tokenizer.pre_tokenizer`.
test('a class by which transformers 5 replaces the way to split is told', async () => {
  const note = async (tokenizer_class: string, steps: object[]): Promise<string | undefined> => {
    const model = { ...(handTokenizer()['model'] as object), ignore_merges: false };
    const folder = handCheckpoint(root, String(made++), {
      config: { ...handConfig(), vocab_size: 9 },
      tokenizer: { ...preTokenizer(...steps), model },
      tokenizerConfig: { chat_template: 'x', tokenizer_class },
    });
    const files = new CheckpointFiles(folder);
    return (await readTokenizer(files, await readCheckpointConfig(files))).splitNote;
  };
  const bytes = { ...BYTES, use_regex: true };
  const smollm = [{ type: 'Digits', individual_digits: true }, bytes];
  assert.match((await note('GPT2TokenizerFast', smollm)) ?? '', /GPT2Tokenizer, .* as "gpt-2" .* \("smollm"\)/);
  assert.match((await note('Qwen2Tokenizer', smollm)) ?? '', /as "qwen2" after NFC normalization/);
  assert.is(await note('GPT2Tokenizer', [bytes]), undefined);
  assert.is(await note('PreTrainedTokenizerFast', smollm), undefined);
});

test('where transformers 5 puts other spaces than tokenizer.json says, a note says so', async () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocab = Object.fromEntries(['▁', ...bytes].map((token, id) => [token, id]));
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const prepend = { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replace] };
  const first = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false };
  const note = async (spaces: object, tokenizerConfig: object): Promise<string | undefined> => {
    const folder = handCheckpoint(root, String(made++), {
      config: { ...handConfig(), vocab_size: 257 },
      tokenizer: { added_tokens: [], ...spaces, model: { type: 'BPE', byte_fallback: true, vocab, merges: [] } },
      tokenizerConfig: { chat_template: 'x', tokenizer_class: 'LlamaTokenizerFast', ...tokenizerConfig },
    });
    const files = new CheckpointFiles(folder);
    return (await readTokenizer(files, await readCheckpointConfig(files))).splitNote;
  };
  const old = { normalizer: prepend };
  assert.match((await note(old, { legacy: true })) ?? '', /special token that does not begin with one and not/);
  assert.match(
    (await note(old, {})) ?? '',
    /before the start of a prompt alone and not, .* after every special token\./,
  );
  assert.match((await note({ pre_tokenizer: first }, { add_prefix_space: false })) ?? '', /before no text/);
  assert.is(await note({ pre_tokenizer: first }, { legacy: false }), undefined);
  assert.is(await note(old, { tokenizer_class: 'PreTrainedTokenizerFast' }), undefined);
});

test('other kinds of tokenizers are refused by what they are', async () => {
  const split = (change: object): object => ({ ...LLAMA3_SPLIT, ...change });
  // As PyPI's mistral-common has it in tekken_240718.json and tekken_240911.json.
  const words = ['[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]', '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'];
  const word = (first: string, second: string): string => `[^\\r\\n\\p{L}\\p{N}]?${words.join(first)}${second}`;
  const rest = '\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
  const tekken = {
    ...handTokenizer(),
    ...preTokenizer(split({ pattern: { Regex: `${word('*', '+')}|${word('+', '*')}|${rest}` } }), BYTES),
  };
  const cases: [RegExp, HandCheckpoint][] = [
    [/is of type "WordPiece" instead of "BPE"/, withModel({ type: 'WordPiece' })],
    [/has dropout 0\.1/, withModel({ dropout: 0.1 })],
    [/is Tekken, .* combining marks .* inform-score attach/, { tokenizer: tekken }],
    [/has continuing_subword_prefix "##"/, withModel({ continuing_subword_prefix: '##' })],
    [/has ignore_merges false with the splits of "llama-bpe"/, withModel({ ignore_merges: false })],
    [/changes text .*\{"type":"Lowercase"\}/, { tokenizer: { ...handTokenizer(), normalizer: { type: 'Lowercase' } } }],
    [/splits text by nothing/, { tokenizer: { ...handTokenizer(), pre_tokenizer: null } }],
    [/splits text by .*Digits/, { tokenizer: preTokenizer({ type: 'Digits' }, LLAMA3_SPLIT, BYTES) }],
    [/"behavior":"Removed"/, { tokenizer: preTokenizer(split({ behavior: 'Removed' }), BYTES) }],
    [/"invert":true/, { tokenizer: preTokenizer(split({ invert: true }), BYTES) }],
    [/"Regex":"a"/, { tokenizer: preTokenizer(split({ pattern: { Regex: 'a' } }), BYTES) }],
    [/"String":/, { tokenizer: preTokenizer(split({ pattern: { String: LLAMA3_SPLIT_PATTERN } }), BYTES) }],
    [/"add_prefix_space":true/, { tokenizer: preTokenizer(LLAMA3_SPLIT, { ...BYTES, add_prefix_space: true }) }],
    [/"use_regex":true/, { tokenizer: preTokenizer(LLAMA3_SPLIT, { type: 'ByteLevel', add_prefix_space: false }) }],
  ];
  for (const [message, parts] of cases) {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () => metadataOf(parts));
  }
});

test('added tokens that llama.cpp would find in other places are refused by their names', async () => {
  const bos = { id: 3, content: '<|begin_of_text|>', special: true };
  const withToken = (token: object): HandCheckpoint => ({
    config: { ...handConfig(), vocab_size: 7 },
    tokenizer: { ...handTokenizer(), added_tokens: [bos, token] },
  });
  for (const flag of ['lstrip', 'rstrip', 'single_word']) {
    await expectError('INFORM_UNSUPPORTED_MODEL', new RegExp(`the added token "<x>" with ${flag}:`), () =>
      metadataOf(withToken({ id: 4, content: '<x>', [flag]: true })),
    );
  }
  // Without a normalizer it does not matter whether a token is sought before or after it.
  const normalized = await metadataOf(withToken({ id: 4, content: '<x>', normalized: true }));
  assert.equal(normalized.get('tokenizer.ggml.token_type')?.value, Int32Array.of(1, 1, 1, 3, 4, 5, 5));

  // transformers takes what tokenizer_config.json says about a token that both list.
  const decoder = (lstrip: boolean): Record<string, unknown> => ({
    bos_token: '<|begin_of_text|>',
    chat_template: 'x',
    added_tokens_decoder: { 3: bos, 4: { content: '<x>', lstrip } },
  });
  await expectError('INFORM_UNSUPPORTED_MODEL', /the added token "<x>" with lstrip/, () =>
    metadataOf({ ...withToken({ id: 4, content: '<x>' }), tokenizerConfig: decoder(true) }),
  );
  await metadataOf({ ...withToken({ id: 4, content: '<x>', lstrip: true }), tokenizerConfig: decoder(false) });
});

test('added tokens that can overlap', async () => {
  const tokens = (...contents: string[]): HandCheckpoint => ({
    config: { ...handConfig(), vocab_size: 7 },
    tokenizer: { ...handTokenizer(), added_tokens: contents.map((content, i) => ({ id: 3 + i, content })) },
    tokenizerConfig: { chat_template: 'x' },
  });
  for (const [first, second] of [
    ['<a', 'a>b'],
    ['xy', 'yx'],
  ] as const) {
    await expectError('INFORM_UNSUPPORTED_MODEL', /of which one can begin inside the other/, () =>
      metadataOf(tokens(first, second)),
    );
  }
  for (const contents of [
    ['<a>', '<a>b'],
    ['aba', 'xabay'],
    ['  ', '   '],
    ['<|a|>', '<|b|>'],
  ]) {
    await metadataOf(tokens(...contents));
  }
});

// The ids that transformers 5.23 gives such tokens when it loads the tokenizer.
test('added tokens that only other files have', async () => {
  const types = async (parts: HandCheckpoint): Promise<unknown> => {
    const metadata = await metadataOf({ config: { ...handConfig(), vocab_size: 6 }, ...parts });
    const tokens = metadata.get('tokenizer.ggml.tokens')?.value as string[];
    return [tokens.slice(3), [...(metadata.get('tokenizer.ggml.token_type')?.value as Int32Array)]];
  };
  const config = { bos_token: '<|begin_of_text|>', chat_template: 'x' };
  const bos = { content: '<|begin_of_text|>', special: true };
  const added_tokens_decoder = { 3: bos, 4: { content: '<new>', special: true } };
  const expected = [
    ['<|begin_of_text|>', '<new>', '[PAD5]'],
    [1, 1, 1, 3, 3, 5],
  ];
  assert.equal(await types({ tokenizerConfig: { ...config, added_tokens_decoder } }), expected);
  assert.equal(await types({ tokenizerConfig: { ...config, pad_token: '<new>' } }), expected);
  assert.equal(await types({ tokenizerConfig: { ...config, additional_special_tokens: ['<new>'] } }), expected);
  const files = { 'added_tokens.json': '{"<new>": 4}' };
  const [, userDefined] = (await types({ tokenizerConfig: config, files })) as [unknown, number[]];
  assert.equal(userDefined, [1, 1, 1, 3, 4, 5]);
  // A named token that is a word of the vocabulary becomes a special one: "b" is not merged any more.
  const [, ofWord] = (await types({ tokenizerConfig: { ...config, pad_token: 'b' } })) as [unknown, number[]];
  assert.equal(ofWord, [1, 3, 1, 3, 5, 5]);

  const wrongId = { ...config, added_tokens_decoder: { 3: bos, 5: { content: '<new>' } } };
  await expectError('INFORM_UNSUPPORTED_MODEL', /the token "<new>".* the id 5; transformers would give it 4/, () =>
    types({ tokenizerConfig: wrongId }),
  );
});

test('a token that the embedding has no row for is left out, unless the template writes it', async () => {
  const tokenizerConfig = { bos_token: '<|begin_of_text|>', pad_token: '[PAD]', chat_template: '{{ messages }}' };
  const metadata = await metadataOf({ config: { ...handConfig(), vocab_size: 4 }, tokenizerConfig });
  assert.equal(metadata.get('tokenizer.ggml.tokens')?.value, ['a', 'b', 'ab', '<|begin_of_text|>']);
  assert.not.ok(metadata.has('tokenizer.ggml.padding_token_id'));
  assert.equal(tokenizerRulesOf(metadata, 'x').tokensWithoutRow, ['[PAD]']);
  await expectError('INFORM_INVALID_CHECKPOINT', /the token "\[PAD\]", which the chat template writes/, () =>
    metadataOf({
      config: { ...handConfig(), vocab_size: 4 },
      tokenizerConfig: { ...tokenizerConfig, chat_template: 'x[PAD]' },
    }),
  );
});

test('damaged tokenizers', async () => {
  const cases: [RegExp, HandCheckpoint][] = [
    [/has no vocabulary/, withModel({ vocab: [] })],
    [/gives the token "zz" the id 5, but config\.json has a vocab_size of 5/, withModel({ vocab: { zz: 5 } })],
    [/the token "zz" the id -1/, withModel({ vocab: { zz: -1 } })],
    [/the token "zz" the id x/, withModel({ vocab: { zz: 'x' } })],
    [/has no merges/, withModel({ merges: 'a b' })],
    [/has a merge that is neither/, withModel({ merges: [['a', 'b', 'c']] })],
    [/has a merge that is neither/, withModel({ merges: [7] })],
    [/"added_tokens" that are not an array/, { tokenizer: { ...handTokenizer(), added_tokens: {} } }],
    [
      /the token "ab" twice, with the ids 2 and 3/,
      { tokenizer: { ...handTokenizer(), added_tokens: [{ id: 3, content: 'ab' }] } },
    ],
    [
      /the token "\[PAD4\]" twice, with the ids 3 and 4/,
      {
        tokenizer: { ...handTokenizer(), added_tokens: [{ id: 3, content: '[PAD4]' }] },
        tokenizerConfig: { chat_template: 'x' },
      },
    ],
    [/an added token without id and content/, { tokenizer: { ...handTokenizer(), added_tokens: [null] } }],
  ];
  for (const [message, parts] of cases) {
    await expectError('INFORM_INVALID_CHECKPOINT', message, () => metadataOf(parts));
  }
});

test.run();
