import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatReport } from '#src/cli/inspect-text.js';
import { inspectGguf, type ModelReport } from '#src/models/inspect.js';
import { expectError } from '../../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64, u8, type GgufParts } from '../../support/models/gguf-bytes.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

function inspect(parts: GgufParts): Promise<ModelReport> {
  return inspectGguf(fileIn(folder, 'model.gguf', ggufBytes(parts)));
}

function strings(key: string, ...values: string[]): Buffer {
  return entry(key, 'array', u32(8), u64(values.length), ...values.map(text));
}

const MODEL: GgufParts = {
  entries: [
    entry('general.architecture', 'string', text('llama')),
    entry('general.name', 'string', text('tiny')),
    entry('general.file_type', 'uint32', u32(15)),
    entry('llama.block_count', 'uint32', u32(80)),
    entry('llama.embedding_length', 'uint32', u32(8192)),
    entry('llama.feed_forward_length', 'uint32', u32(28672)),
    entry('llama.attention.head_count', 'uint32', u32(64)),
    entry('llama.attention.head_count_kv', 'uint32', u32(8)),
    entry('llama.context_length', 'uint32', u32(131072)),
    entry('llama.attention.layer_norm_rms_epsilon', 'float32', Buffer.from(Float32Array.of(1e-5).buffer)),
    entry('inform.head.activation', 'string', text('relu')),
    entry('tokenizer.ggml.model', 'string', text('gpt2')),
    entry('tokenizer.ggml.pre', 'string', text('llama-bpe')),
    strings('tokenizer.ggml.tokens', 'a', '<|begin_of_text|>', '<|eot_id|>'),
    strings('tokenizer.ggml.merges', 'a a', 'a b'),
    entry('tokenizer.ggml.bos_token_id', 'uint32', u32(1)),
    entry('tokenizer.ggml.eos_token_id', 'uint32', u32(99)),
    entry('tokenizer.chat_template', 'string', text('one\ntwo\nthree\nfour')),
    entry('big', 'uint64', u64(2n ** 60n)),
    entry('not a number', 'float32', Buffer.from(Float32Array.of(NaN).buffer)),
    entry('flag', 'bool', u8(1)),
  ],
  tensors: [
    tensorInfo('token_embd.weight', [256, 2], 12, 0),
    tensorInfo('cls.weight', [8, 8], 30, 288),
    tensorInfo('cls.output.weight', [8, 1], 0, 416),
    tensorInfo('output_norm.weight', [8], 0, 448),
  ],
  data: Buffer.alloc(480),
};

test('the report says what the file holds', async () => {
  const report = await inspect(MODEL);
  assert.is(report.architecture, 'llama');
  assert.is(report.name, 'tiny');
  assert.is(report.parameters, 512 + 64 + 8 + 8);
  assert.equal(report.geometry, {
    layers: 80,
    hiddenSize: 8192,
    feedForwardSize: 28672,
    heads: 64,
    kvHeads: 8,
    contextLength: 131072,
    vocabularySize: 3,
  });
  assert.equal(report.quantization, {
    fileType: 'Q4_K_M',
    types: [
      { type: 'Q4_K', tensors: 1, bytes: 288 },
      { type: 'BF16', tensors: 1, bytes: 128 },
      { type: 'F32', tensors: 2, bytes: 64 },
    ],
  });
  assert.equal(report.head, {
    className: null,
    activation: 'relu',
    reads: { token: 'last', padToken: null },
    suffixToken: null,
    alwaysBos: false,
    tensors: [
      { name: 'cls.weight', type: 'BF16', shape: [8, 8] },
      { name: 'cls.output.weight', type: 'F32', shape: [8, 1] },
    ],
  });
  assert.equal(report.chatTemplate, { characters: 18, firstLines: ['one', 'two', 'three'] });
  assert.equal(report.tokenizer, {
    model: 'gpt2',
    pre: 'llama-bpe',
    tokens: 3,
    merges: 2,
    bos: { id: 1, text: '<|begin_of_text|>' },
    eos: { id: 99, text: null },
    eot: { id: 2, text: '<|eot_id|>' },
    pad: null,
    addedBos: null,
    truncationSide: 'right',
  });
});

test('which token is scored, and what the tokenizer does to a text', async () => {
  const report = await inspect({
    ...MODEL,
    entries: [
      ...(MODEL.entries ?? []),
      entry('inform.head.read_token', 'string', text('last_non_pad')),
      entry('inform.head.pad_token_id', 'uint32', u32(2)),
      entry('inform.tokenizer.truncation_side', 'string', text('left')),
      entry('tokenizer.ggml.add_bos_token', 'bool', Buffer.of(1)),
    ],
  });
  assert.equal(report.head?.reads, { token: 'last_non_pad', padToken: { id: 2, text: '<|eot_id|>' } });
  assert.equal(report.tokenizer.addedBos, { id: 1, text: '<|begin_of_text|>' });
  assert.is(report.tokenizer.truncationSide, 'left');
  const lines = formatReport(report);
  assert.match(lines, /^ +reads the last token that is not 2 <\|eot_id\|>$/m);
  assert.match(lines, /^ +put before a text that does not begin with it: 1 <\|begin_of_text\|>$/m);
  assert.match(lines, /^ +a text that is too long is cut on the left$/m);
});

test('what a class puts before and behind every text', async () => {
  const report = await inspect({
    ...MODEL,
    entries: [
      ...(MODEL.entries ?? []),
      entry('inform.head.suffix_token_id', 'uint32', u32(2)),
      entry('inform.head.always_bos', 'bool', Buffer.of(1)),
      entry('tokenizer.ggml.add_bos_token', 'bool', Buffer.of(1)),
    ],
  });
  assert.equal(report.head?.suffixToken, { id: 2, text: '<|eot_id|>' });
  assert.is(report.head?.alwaysBos, true);
  const lines = formatReport(report);
  assert.match(lines, /^ +put before every text: 1 <\|begin_of_text\|>$/m);
  assert.match(lines, /^ +put behind every text: 2 <\|eot_id\|>$/m);
});

test('a rule that this version does not know', async () => {
  for (const [key, value] of [
    ['inform.head.read_token', 'first'],
    ['inform.head.read_token', 'last_non_pad'], // without a pad token
    ['inform.tokenizer.truncation_side', 'middle'],
    ['inform.head.always_bos', 'yes'],
    ['inform.head.suffix_token_id', 'two'],
  ] as const) {
    await expectError('INFORM_UNSUPPORTED_MODEL', new RegExp(`has "${value}" for ${key}, which this version`), () =>
      inspect({ ...MODEL, entries: [...(MODEL.entries ?? []), entry(key, 'string', text(value))] }),
    );
  }
});

test('metadata: scalars only, in JSON without loss', async () => {
  const report = await inspect(MODEL);
  assert.is(report.metadata['big'], '1152921504606846976');
  assert.is(report.metadata['not a number'], 'NaN');
  assert.is(report.metadata['flag'], true);
  assert.is(report.metadata['llama.attention.layer_norm_rms_epsilon'], 1e-5);
  assert.not.ok('tokenizer.ggml.tokens' in report.metadata);
  assert.not.ok('tokenizer.chat_template' in report.metadata);
  assert.equal(JSON.parse(JSON.stringify(report)), report);
});

test('the text has the facts, one a line', async () => {
  const lines = formatReport(await inspect(MODEL)).split('\n');
  for (const expected of [
    /^model +tiny, architecture llama$/,
    /^parameters +592$/,
    /^layers +80, hidden 8192, feed forward 28672$/,
    /^attention +64 heads, 8 key-value heads, context 131072$/,
    /^type +Q4_K_M$/,
    /^ +Q4_K: 1 tensors, 0\.3 kB$/,
    /^head +2 tensors, activation relu$/,
    /^ +cls\.weight: BF16 \[8, 8\]$/,
    /^tokenizer +gpt2 \(llama-bpe\), 3 tokens, 2 merges$/,
    /^ +bos: 1 <\|begin_of_text\|>$/,
    /^template +18 characters, beginning$/,
    /^ +llama\.block_count = 80$/,
  ]) {
    assert.ok(
      lines.some((line) => expected.test(line)),
      String(expected),
    );
  }
  assert.is(lines.at(-1), '');
});

test('a head of one layer has no activation', async () => {
  const report = await inspect({ tensors: [tensorInfo('cls.output.weight', [8, 1], 0, 0)], data: Buffer.alloc(32) });
  assert.is(report.head?.activation, null);
  assert.match(formatReport(report), /^head +1 tensors, one layer$/m);
});

test('a file without head, template, tokenizer and sizes', async () => {
  const report = await inspect({});
  assert.is(report.head, null);
  assert.is(report.chatTemplate, null);
  assert.is(report.tokenizer.bos, null);
  assert.is(report.geometry.layers, null);
  assert.is(report.quantization.fileType, null);
  assert.match(formatReport(report), /^head +none: this file holds a backbone only/m);
});

test('a file type that is not known', async () => {
  const report = await inspect({ entries: [entry('general.file_type', 'uint32', u32(4))] });
  assert.is(report.quantization.fileType, 'unknown (4)');
});

test('control sequences in a file do not reach the terminal', async () => {
  const evil = 'x\u001b[2J\u0007\u009b\n';
  const report = await inspect({
    entries: [
      entry('general.name', 'string', text(evil)),
      entry(evil, 'string', text(evil)),
      entry('tokenizer.chat_template', 'string', text(evil.repeat(500))),
    ],
  });
  const shown = formatReport(report);
  assert.not.match(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.ok(shown.length < 4000);
});

test('errors of the reader pass through', async () => {
  await expectError('INFORM_INVALID_MODEL_FILE', /is not a GGUF file/, () => inspectGguf(fileIn(folder, 'x', 'hello')));
});

test.run();
