import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { readTokenizer, type CheckpointTokenizer } from '#src/convert/tokenizer.js';
import type { ErrorCode } from '#src/errors.js';
import { expectError } from '../../support/assert/expect-error.js';
import { handCheckpoint, handConfig } from '../../support/models/checkpoint.js';
import {
  BPE_TRAINER,
  bytesField,
  PLAIN_NORMALIZER,
  pieceModelBytes,
  varintField,
  type HandPiece,
} from '../../support/models/piece-model.js';
import { tempFolder } from '../../support/temp-folder.js';

// That these are Hugging Face's tokens: test/reference/compare_tokenizers.py, with the published files.

const root = tempFolder();
let made = 0;

const [UNKNOWN, CONTROL, USER, UNUSED, BYTE] = [2, 3, 4, 5, 6];

const PIECES: readonly HandPiece[] = [
  ['<unk>', 0, UNKNOWN],
  ['<s>', 0, CONTROL],
  ['</s>', 0, CONTROL],
  ['[INST]', 0, CONTROL],
  ['[TOOL]', 0, USER],
  ...Array.from({ length: 256 }, (_, byte): HandPiece => [
    `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    0,
    BYTE,
  ]),
  ['▁▁', -1e9],
  ['▁a', -2],
  ['ab', -3.5],
  ['▁', -4],
  ['a', -5],
  ['b', -6],
];

const CONFIG = { chat_template: '{{ bos_token }}', legacy: true, tokenizer_class: 'LlamaTokenizer' };

function folderOf(model: Buffer | undefined, tokenizerConfig: Record<string, unknown> = CONFIG): string {
  const config = { ...handConfig(), vocab_size: PIECES.length };
  const folder = handCheckpoint(root, String(made++), { config, tokenizerConfig });
  rmSync(join(folder, 'tokenizer.json'));
  if (model !== undefined) writeFileSync(join(folder, 'tokenizer.model'), model);
  return folder;
}

async function read(folder: string): Promise<CheckpointTokenizer> {
  const files = new CheckpointFiles(folder);
  return readTokenizer(files, await readCheckpointConfig(files));
}

async function valueOf(key: string, tokenizerConfig: Record<string, unknown> = CONFIG): Promise<unknown> {
  const { metadata } = await read(folderOf(pieceModelBytes({ pieces: PIECES }), tokenizerConfig));
  return new Map(metadata).get(key)?.value;
}

test('pieces, scores and types as the file has them', async () => {
  assert.equal(
    await valueOf('tokenizer.ggml.tokens'),
    PIECES.map(([text]) => text),
  );
  const scores = await valueOf('tokenizer.ggml.scores');
  const own = PIECES.map(([, score], id) => (id < 5 ? -1000 : score));
  assert.equal(scores, Float32Array.from(own));
  const types = (await valueOf('tokenizer.ggml.token_type')) as Int32Array;
  assert.equal([...types.subarray(0, 6)], [3, 3, 3, 3, 4, 6]);
  assert.equal([...types.subarray(-6)], [1, 1, 1, 1, 1, 1]);
  assert.is(await valueOf('tokenizer.ggml.model'), 'llama');
});

test('what stands beside the file says where spaces and special tokens are put', async () => {
  const prefix = async (change: object): Promise<unknown[]> => {
    const keys = ['tokenizer.ggml.add_space_prefix', 'inform.tokenizer.space_prefix'];
    return Promise.all(keys.map((key) => valueOf(key, { ...CONFIG, ...change })));
  };
  assert.equal(await prefix({}), [true, undefined]);
  assert.equal(await prefix({ legacy: false }), [false, 'first']);
  assert.equal(await prefix({ legacy: false, add_prefix_space: false }), [false, undefined]);
  assert.is(await valueOf('tokenizer.ggml.add_bos_token'), true);
  assert.is(await valueOf('tokenizer.ggml.bos_token_id'), 1);
  assert.is(await valueOf('tokenizer.ggml.add_bos_token', { ...CONFIG, add_bos_token: false }), false);
  const { splitNote } = await read(folderOf(pieceModelBytes({ pieces: PIECES })));
  assert.match(splitNote ?? '', /no tokenizer\.json; tokenizer\.model is read as SentencePiece/);
});

test('other files and set-ups are refused by name', async () => {
  const bytes = (change: object): Buffer => pieceModelBytes({ pieces: PIECES, ...change });
  const model = bytes({});
  const cases: [ErrorCode, RegExp, Buffer | undefined, Record<string, unknown>?][] = [
    ['INFORM_INVALID_CHECKPOINT', /tokenizer\.json is missing, and so is tokenizer\.model/, undefined],
    ['INFORM_INVALID_CHECKPOINT', /is no model of SentencePiece/, model.subarray(0, -3)],
    ['INFORM_INVALID_CHECKPOINT', /is no model of SentencePiece/, Buffer.alloc(40, 255)],
    ['INFORM_INVALID_CHECKPOINT', /has no pieces/, Buffer.alloc(0)],
    ['INFORM_INVALID_CHECKPOINT', /has a piece without a text/, bytesField(1, Buffer.alloc(0))],
    ['INFORM_INVALID_CHECKPOINT', /has the piece "ab" twice/, bytes({ pieces: [...PIECES, ['ab', -7]] })],
    ['INFORM_UNSUPPORTED_MODEL', /no byte-pair encoding/, bytes({ trainer: [varintField(35, 1)] })],
    ['INFORM_UNSUPPORTED_MODEL', /has no tokens for bytes/, bytes({ trainer: BPE_TRAINER.slice(0, 1) })],
    ['INFORM_UNSUPPORTED_MODEL', /space behind/, bytes({ trainer: [...BPE_TRAINER, varintField(24, 1)] })],
    ['INFORM_UNSUPPORTED_MODEL', /changes the characters/, bytes({ normalizer: [] })],
    [
      'INFORM_UNSUPPORTED_MODEL',
      /changes the characters/,
      bytes({ normalizer: [...PLAIN_NORMALIZER, bytesField(2, 'map')] }),
    ],
    [
      'INFORM_UNSUPPORTED_MODEL',
      /puts no space before/,
      bytes({ normalizer: [...PLAIN_NORMALIZER, varintField(3, 0)] }),
    ],
    ['INFORM_UNSUPPORTED_MODEL', /pieces that are not used/, bytes({ pieces: [...PIECES, ['c', -7, UNUSED]] })],
    ['INFORM_UNSUPPORTED_MODEL', /no token <0x41>/, bytes({ pieces: PIECES.filter(([text]) => text !== '<0x41>') })],
    [
      'INFORM_UNSUPPORTED_MODEL',
      /is the tokenizer of a Gemma/,
      model,
      { ...CONFIG, tokenizer_class: 'GemmaTokenizer' },
    ],
    ['INFORM_UNSUPPORTED_MODEL', /whether it is "legacy"/, model, { chat_template: 'x' }],
    ['INFORM_UNSUPPORTED_MODEL', /other tokens than BOS/, model, { ...CONFIG, add_eos_token: true }],
  ];
  for (const [code, message, file, config] of cases) {
    await expectError(code, message, () => read(folderOf(file, config)));
  }
});

test.run();
