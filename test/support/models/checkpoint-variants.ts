import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeJson } from '../../../tools/random-checkpoint/generate.js';
import { safetensorsBytes } from './checkpoint.js';

// The odd checkpoint `one-layer`, changed as checkpoints are that others made. transformers has scored them:
// test/reference/make_variant_goldens.py.

type Json = Record<string, unknown>;

interface Tensor {
  dtype: string;
  shape: number[];
  data: Buffer;
}

interface Files {
  config: Json;
  tokenizer: Json & { added_tokens: object[]; model: Json };
  tokenizerConfig: Json & { chat_template?: string };
  tensors: Map<string, Tensor>;
  /** More files of tensors, by name. */
  more: Map<string, Map<string, Tensor>>;
}

const TOKEN = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

const BYTES_ONLY = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };

export const VARIANTS: Readonly<Record<string, (files: Files) => void>> = {
  'pad-is-end-of-turn': ({ config, tokenizerConfig }) => {
    config['pad_token_id'] = 128009;
    tokenizerConfig['pad_token'] = '<|eot_id|>';
  },
  // Of a batch of one, transformers scores the last token.
  'no-pad': ({ config, tokenizerConfig }) => {
    delete config['pad_token_id'];
    delete tokenizerConfig['pad_token'];
  },
  // What transformers 4.57 makes of what 5.x has saved.
  'rope-theta-twice': ({ config }) => {
    const { rope_scaling, rope_theta } = config;
    config['rope_parameters'] = { ...(rope_scaling as Json), rope_theta };
    config['rope_theta'] = 10000;
    config['rope_scaling'] = null;
  },
  'template-without-bos': withoutBos,
  'cut-on-the-left': ({ tokenizerConfig }) => {
    tokenizerConfig['truncation_side'] = 'left';
  },
  'cut-on-the-left-without-bos': (files) => {
    withoutBos(files);
    files.tokenizerConfig['truncation_side'] = 'left';
  },
  // The template asks for a BOS that is none, and the post-processor adds one.
  'bos-is-null': ({ tokenizerConfig }) => {
    tokenizerConfig['bos_token'] = null;
  },
  'no-bos-at-all': ({ tokenizer, tokenizerConfig }) => {
    tokenizerConfig['bos_token'] = null;
    tokenizer['post_processor'] = BYTES_ONLY;
  },
  'pad-beyond-the-embedding': ({ config, tensors, tokenizer, tokenizerConfig }) => {
    const embedding = tensors.get('model.embed_tokens.weight');
    if (embedding === undefined) throw new Error('no embedding');
    const [rows = 0, columns = 0] = embedding.shape;
    const bytesPerRow = embedding.data.length / rows;
    tensors.set('model.embed_tokens.weight', {
      ...embedding,
      shape: [128256, columns],
      data: embedding.data.subarray(0, 128256 * bytesPerRow),
    });
    config['vocab_size'] = 128256;
    config['pad_token_id'] = 128004;
    tokenizer.added_tokens = tokenizer.added_tokens.filter((token) => (token as { id: number }).id <= 128256);
    tokenizerConfig['pad_token'] = '[PAD]';
  },
  'value-head': ({ config, tensors, more }) => {
    const weight = tensors.get('score.weight');
    if (weight === undefined) throw new Error('no head');
    tensors.delete('score.weight');
    config['architectures'] = ['LlamaForCausalLM'];
    const bias = { ...weight, shape: [1], data: Buffer.alloc(2) };
    more.set(
      'value_head.safetensors',
      new Map([
        ['v_head.summary.bias', bias],
        ['v_head.summary.weight', weight],
      ]),
    );
  },
  'added-token-in-the-decoder-only': ({ tokenizerConfig }) => {
    tokenizerConfig['added_tokens_decoder'] = { 128257: { ...TOKEN, content: '<mask>' } };
  },
  'pad-is-a-word': ({ config, tokenizerConfig }) => {
    tokenizerConfig['pad_token'] = '!';
    config['pad_token_id'] = 0;
  },
  // Every special token that has a name is a variable, whatever the name; null is none.
  'template-of-special-tokens': ({ tokenizerConfig }) => {
    Object.assign(tokenizerConfig, {
      sep_token: '<|eom_id|>',
      unk_token: null,
      image_token: '<|python_tag|>',
      extra_special_tokens: { boi: '<|reserved_special_token_7|>' },
    });
    const names = ['pad_token', 'sep_token', 'unk_token', 'cls_token', 'image_token', 'boi'];
    const written = names.map((name) => `{% if ${name} is defined %}${name} {{ ${name} }}{% endif %}`);
    tokenizerConfig.chat_template = `${written.join('')}${tokenizerConfig.chat_template ?? ''}`;
  },
  // The class has defaults for what the configuration does not name.
  'class-with-defaults': ({ tokenizer, tokenizerConfig, ...files }) => {
    splitBy([bytes(true)])({ tokenizer, tokenizerConfig, ...files });
    tokenizerConfig['tokenizer_class'] = 'GPT2TokenizerFast';
    delete tokenizerConfig['eos_token'];
    tokenizerConfig.chat_template = `{{ eos_token }}{{ unk_token }}{{ tokenizer_class }}${tokenizerConfig.chat_template ?? ''}`;
  },
  smollm: splitBy([{ type: 'Digits', individual_digits: true }, bytes(true)]),
  'gpt-2': splitBy([bytes(true)]),
  qwen2: splitBy([
    {
      type: 'Split',
      pattern: {
        Regex:
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      },
      behavior: 'Isolated',
      invert: false,
    },
    bytes(false),
  ]),
};

function withoutBos({ tokenizerConfig }: Files): void {
  const template = tokenizerConfig.chat_template ?? '';
  tokenizerConfig.chat_template = template.replace('{{- bos_token }}', '');
  if (tokenizerConfig.chat_template === template) throw new Error('the template does not write BOS');
}

function bytes(useRegex: boolean): object {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

function splitBy(pretokenizers: object[]): (files: Files) => void {
  return ({ tokenizer }) => {
    tokenizer['pre_tokenizer'] = { type: 'Sequence', pretokenizers };
    tokenizer.model['ignore_merges'] = false;
  };
}

/** Writes a variant of the checkpoint in the folder `base` into a new folder. The same variant gives the same bytes. */
export async function writeVariant(base: string, folder: string, change: (files: Files) => void): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(base, folder, { recursive: true });
  const read = async (name: string): Promise<Json> => JSON.parse(await readFile(path.join(base, name), 'utf8')) as Json;
  const files: Files = {
    config: await read('config.json'),
    tokenizer: (await read('tokenizer.json')) as Files['tokenizer'],
    tokenizerConfig: await read('tokenizer_config.json'),
    tensors: tensorsOf(await readFile(path.join(base, 'model.safetensors'))),
    more: new Map(),
  };
  change(files);
  await writeJson(folder, 'config.json', files.config);
  await writeJson(folder, 'tokenizer.json', files.tokenizer);
  await writeJson(folder, 'tokenizer_config.json', files.tokenizerConfig);
  for (const [name, tensors] of [['model.safetensors', files.tensors] as const, ...files.more]) {
    await writeFile(path.join(folder, name), bytesOf(tensors));
  }
}

function tensorsOf(file: Buffer): Map<string, Tensor> {
  const start = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    entries.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => [name, { dtype, shape, data: file.subarray(start + begin, start + end) }],
    ),
  );
}

function bytesOf(tensors: ReadonlyMap<string, Tensor>): Buffer {
  let end = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data_offsets: [end, (end += data.length)] },
    ]),
  );
  const all = Buffer.concat([...tensors.values()].map(({ data }) => data));
  return safetensorsBytes({ __metadata__: { format: 'pt' }, ...header }, all);
}
