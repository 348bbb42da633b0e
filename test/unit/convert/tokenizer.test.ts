import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCheckpointConfig } from '#src/convert/checkpoint.js';
import { tokenizerMetadata } from '#src/convert/tokenizer.js';
import type { GgufValue } from '#src/gguf/types.js';
import { handCheckpoint, handConfig, handTokenizer, type HandCheckpoint } from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
let made = 0;

async function metadataIn(folder: string): Promise<Map<string, GgufValue>> {
  return new Map(await tokenizerMetadata(folder, await readCheckpointConfig(folder)));
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

test('special ids: by text first, else from config.json, and only within the vocabulary', async () => {
  const byText = await metadataOf({ config: { ...handConfig(), bos_token_id: 0 } });
  assert.equal(byText.get('tokenizer.ggml.bos_token_id'), { type: 'uint32', value: 3 });
  assert.equal(byText.get('tokenizer.ggml.eos_token_id'), { type: 'uint32', value: 4 });
  assert.equal(byText.get('tokenizer.ggml.padding_token_id'), { type: 'uint32', value: 4 });

  const asObject = { bos_token: { content: '<|begin_of_text|>' }, chat_template: 'x' };
  assert.is((await metadataOf({ tokenizerConfig: asObject })).get('tokenizer.ggml.bos_token_id')?.value, 3);

  const outside = await metadataOf({ config: { ...handConfig(), pad_token_id: 5, eos_token_id: [3, 4] } });
  assert.not.ok(outside.has('tokenizer.ggml.padding_token_id'));
  assert.not.ok(outside.has('tokenizer.ggml.eos_token_id'));
});

test('special tokens of other kinds, and a special_tokens_map.json where tokenizer_config.json says nothing', async () => {
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
    'tokenizer.ggml.bos_token_id': 3,
    'tokenizer.ggml.eos_token_id': 4,
    'tokenizer.ggml.unknown_token_id': 2,
    'tokenizer.ggml.seperator_token_id': 1,
    'tokenizer.ggml.padding_token_id': 4,
    'tokenizer.ggml.mask_token_id': 4,
  });
});

test('whether special tokens are added: from the post-processor, overruled by tokenizer_config.json', async () => {
  const bos = { SpecialToken: { id: '<|begin_of_text|>' } };
  const sequence = { Sequence: { id: 'A' } };
  const template = { type: 'TemplateProcessing', single: [bos, sequence], pair: [bos, sequence] };
  const tokenizer = {
    ...handTokenizer(),
    post_processor: { type: 'Sequence', processors: [{ type: 'ByteLevel' }, template] },
  };
  const found = await metadataOf({ tokenizer });
  assert.equal(found.get('tokenizer.ggml.add_bos_token'), { type: 'bool', value: true });
  const direct = await metadataOf({ tokenizer: { ...handTokenizer(), post_processor: template } });
  assert.equal(direct.get('tokenizer.ggml.add_bos_token'), { type: 'bool', value: true });
  const stated = await metadataOf({ tokenizer, tokenizerConfig: { add_bos_token: false, chat_template: 'x' } });
  assert.equal(stated.get('tokenizer.ggml.add_bos_token'), { type: 'bool', value: false });
  assert.not.ok((await metadataOf({})).has('tokenizer.ggml.add_bos_token'));
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

test('other kinds of tokenizers', async () => {
  for (const parts of [
    withModel({ type: 'WordPiece' }),
    withModel({ ignore_merges: false }),
    { tokenizer: { ...handTokenizer(), pre_tokenizer: { type: 'ByteLevel' } } },
    { tokenizer: { ...handTokenizer(), normalizer: { type: 'Lowercase' } } },
    {
      tokenizer: { ...handTokenizer(), pre_tokenizer: [handTokenizer()['pre_tokenizer'], { add_prefix_space: true }] },
    },
  ]) {
    await expectError('INFORM_UNSUPPORTED_MODEL', /is not a Llama 3 tokenizer/, () => metadataOf(parts));
  }
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
      { tokenizer: { ...handTokenizer(), added_tokens: [{ id: 3, content: '[PAD4]' }] } },
    ],
    [/an added token without id and content/, { tokenizer: { ...handTokenizer(), added_tokens: [null] } }],
  ];
  for (const [message, parts] of cases) {
    await expectError('INFORM_INVALID_CHECKPOINT', message, () => metadataOf(parts));
  }
});

test.run();
