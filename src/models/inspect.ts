import { arrayAt, numberAt, stringAt, stringsAt } from '../gguf/metadata.js';
import { readGgufModel, type GgufModel, type ModelTensor } from '../gguf/split-model.js';
import { fileTypeName } from '../gguf/model-types.js';
import { HEAD_KEY, promptRulesOf, readTokenOf, tokenizerRulesOf, type ReadToken } from '../gguf/scoring-rules.js';
import { elementCount, type GgufMetadata, type GgufValue } from '../gguf/types.js';
import { HEAD_TENSOR, HEAD_TENSORS } from '../gguf/head-tensors.js';

/** What a model's file holds, or would hold. Plain JSON: absent facts are null; numbers that JSON cannot hold exactly are strings. */
export interface ModelReport {
  /** The file's; of one that is not there the model, as it was named. */
  readonly path: string;
  /** Whether it is not there yet: then this is what converting or fetching the model would give. */
  readonly planned: boolean;
  /** Size of all parts together in bytes. */
  readonly fileBytes: number;
  /** How many files the model is split into; 1 where it is not. */
  readonly shards: number;
  readonly ggufVersion: number;
  readonly architecture: string | null;
  readonly name: string | null;
  /** Elements of all tensors, the head's included. */
  readonly parameters: number;
  readonly geometry: {
    readonly layers: number | null;
    readonly hiddenSize: number | null;
    readonly feedForwardSize: number | null;
    readonly heads: number | null;
    readonly kvHeads: number | null;
    readonly contextLength: number | null;
    readonly vocabularySize: number | null;
  };
  readonly quantization: {
    /** The file's own name for its mix of types, such as Q4_K_M. */
    readonly fileType: string | null;
    /** How many tensors have each type, and how many bytes they take, the largest first. */
    readonly types: readonly { readonly type: string; readonly tensors: number; readonly bytes: number }[];
  };
  /** Null where the file holds a backbone only. */
  readonly head: {
    /** The Hugging Face class that it comes from, where the file says. */
    readonly className: string | null;
    /** Null too where the head has one layer. */
    readonly activation: string | null;
    /** Which token's state it takes: the last one, or the last one that is not the pad token. */
    readonly reads: { readonly token: ReadToken['kind']; readonly padToken: Token | null };
    /** The token that is put behind every text, after truncation. */
    readonly suffixToken: Token | null;
    /** Whether the tokenizer's BOS is put before a text that begins with it, too. */
    readonly alwaysBos: boolean;
    /** Shapes in ggml's order, the row length first. */
    readonly tensors: readonly { readonly name: string; readonly type: string; readonly shape: readonly number[] }[];
  } | null;
  readonly chatTemplate: { readonly characters: number; readonly firstLines: readonly string[] } | null;
  readonly tokenizer: {
    readonly model: string | null;
    readonly pre: string | null;
    readonly tokens: number | null;
    readonly merges: number | null;
    readonly bos: Token | null;
    readonly eos: Token | null;
    readonly eot: Token | null;
    readonly pad: Token | null;
    /** The token that is put before a text that does not begin with it. */
    readonly addedBos: Token | null;
    /** Which end of a text that is too long is cut off. */
    readonly truncationSide: 'left' | 'right';
  };
  /** Every metadata value that is neither an array nor the chat template. */
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
}

export interface Token {
  readonly id: number;
  readonly text: string | null;
}

const TOKENS_KEY = 'tokenizer.ggml.tokens';
const TEMPLATE_KEY = 'tokenizer.chat_template';
const TEMPLATE_LINES = 3;
const MAX_SHOWN = 200; // characters of a name or a line

/**
 * Reads what a GGUF file holds, or all shards of a split one, without loading the model.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE
 */
export async function inspectGguf(path: string): Promise<ModelReport> {
  const model = await readGgufModel(path, { wantArray: (key) => key === TOKENS_KEY });
  const { metadata, tensors, shards } = model;
  const architecture = stringAt(metadata, 'general.architecture');
  return {
    path,
    planned: false,
    fileBytes: model.fileSize,
    shards: shards.length,
    ggufVersion: shards[0]?.version ?? 0,
    architecture: architecture ?? null,
    name: stringAt(metadata, 'general.name') ?? null,
    parameters: tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    geometry: geometryOf(metadata, architecture ?? 'llama'),
    quantization: quantizationOf(model),
    head: headOf(model),
    chatTemplate: chatTemplateOf(metadata),
    tokenizer: tokenizerOf(metadata, path),
    metadata: scalarsOf(metadata),
  };
}

function geometryOf(metadata: GgufMetadata, architecture: string): ModelReport['geometry'] {
  const size = (key: string): number | null => numberAt(metadata, `${architecture}.${key}`) ?? null;
  return {
    layers: size('block_count'),
    hiddenSize: size('embedding_length'),
    feedForwardSize: size('feed_forward_length'),
    heads: size('attention.head_count'),
    kvHeads: size('attention.head_count_kv'),
    contextLength: size('context_length'),
    vocabularySize: size('vocab_size') ?? arrayAt(metadata, TOKENS_KEY)?.length ?? null,
  };
}

function quantizationOf({ metadata, tensors }: GgufModel): ModelReport['quantization'] {
  const totals = new Map<string, { type: string; tensors: number; bytes: number }>();
  for (const { type, byteLength } of tensors) {
    const total = totals.get(type.name) ?? { type: type.name, tensors: 0, bytes: 0 };
    totals.set(type.name, { ...total, tensors: total.tensors + 1, bytes: total.bytes + byteLength });
  }
  const fileType = numberAt(metadata, 'general.file_type');
  return {
    fileType: fileType === undefined ? null : (fileTypeName(fileType) ?? `unknown (${fileType})`),
    types: [...totals.values()].toSorted((a, b) => b.bytes - a.bytes),
  };
}

function headOf({ path, metadata, tensors }: GgufModel): ModelReport['head'] {
  const found = HEAD_TENSORS.map((name) => tensors.find((tensor) => tensor.name === name)).filter(
    (tensor): tensor is ModelTensor => tensor !== undefined,
  );
  if (!found.some(({ name }) => name === HEAD_TENSOR.outputWeight)) return null;
  const { suffixTokenId, alwaysBos } = promptRulesOf(metadata, path);
  return {
    className: stringAt(metadata, HEAD_KEY.className) ?? null,
    activation: stringAt(metadata, HEAD_KEY.activation) ?? null,
    reads: readsOf(metadata, path),
    suffixToken: suffixTokenId === undefined ? null : tokenOf(suffixTokenId, stringsAt(metadata, TOKENS_KEY)),
    alwaysBos,
    tensors: found.map(({ name, type, shape }) => ({ name, type: type.name, shape })),
  };
}

function readsOf(metadata: GgufMetadata, path: string): NonNullable<ModelReport['head']>['reads'] {
  const rule = readTokenOf(metadata, path);
  if (rule.kind === 'last') return { token: rule.kind, padToken: null };
  return { token: rule.kind, padToken: tokenOf(rule.padTokenId, stringsAt(metadata, TOKENS_KEY)) };
}

function tokenOf(id: number, tokens: readonly string[] | undefined): Token {
  return { id, text: tokens?.[id] ?? null };
}

function chatTemplateOf(metadata: GgufMetadata): ModelReport['chatTemplate'] {
  const template = stringAt(metadata, TEMPLATE_KEY);
  if (template === undefined) return null;
  const firstLines = template.split('\n', TEMPLATE_LINES).map((line) => line.slice(0, MAX_SHOWN));
  return { characters: template.length, firstLines };
}

function tokenizerOf(metadata: GgufMetadata, path: string): ModelReport['tokenizer'] {
  const tokens = stringsAt(metadata, TOKENS_KEY);
  const token = (kind: string): Token | null => {
    const id = numberAt(metadata, `tokenizer.ggml.${kind}_token_id`);
    return id === undefined ? null : tokenOf(id, tokens);
  };
  const { addedBosId, truncationSide } = tokenizerRulesOf(metadata, path);
  return {
    model: stringAt(metadata, 'tokenizer.ggml.model') ?? null,
    pre: stringAt(metadata, 'tokenizer.ggml.pre') ?? null,
    tokens: arrayAt(metadata, TOKENS_KEY)?.length ?? null,
    merges: arrayAt(metadata, 'tokenizer.ggml.merges')?.length ?? null,
    bos: token('bos'),
    eos: token('eos'),
    eot: token('eot') ?? endOfTurnByText(tokens),
    pad: token('padding'),
    addedBos: addedBosId === undefined ? null : tokenOf(addedBosId, tokens),
    truncationSide,
  };
}

/** llama.cpp finds Llama 3's end-of-turn token by its text too: its converter does not write the id. */
function endOfTurnByText(tokens: readonly string[] | undefined): Token | null {
  const text = '<|eot_id|>';
  const id = tokens?.indexOf(text) ?? -1;
  return id < 0 ? null : { id, text };
}

function scalarsOf(metadata: GgufMetadata): ModelReport['metadata'] {
  const scalars = [...metadata].flatMap(([key, entry]): [string, string | number | boolean][] =>
    entry.type === 'array' || key === TEMPLATE_KEY ? [] : [[key, jsonScalar(entry)]],
  );
  return Object.fromEntries(scalars);
}

function jsonScalar({ type, value }: Exclude<GgufValue, { type: 'array' }>): string | number | boolean {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) return String(value);
  // An F32 has seven decimal digits; the rest are those of its binary value.
  return type === 'float32' ? Number(value.toPrecision(7)) : value;
}
