import { ggufNumber, ggufString, ggufStrings } from '#src/gguf/metadata.js';
import type { GgufValue } from '#src/gguf/types.js';
import { llamaGguf } from './llama-gguf.js';

const SPECIAL = ['<|begin|>', '<|end|>'];
const CONTROL = 3; // LLAMA_TOKEN_TYPE_CONTROL
const NORMAL = 1;

/** A complete reward model of some 60 KB, which loads and scores in milliseconds: what mutations start from. */
export async function tinyModel(path: string): Promise<string> {
  const tokens = [...byteTokens(), 'th', 'he', ...SPECIAL];
  const types = tokens.map((token) => (SPECIAL.includes(token) ? CONTROL : NORMAL));
  const integers: GgufValue = { type: 'array', element: 'int32', length: types.length, value: Int32Array.from(types) };
  return llamaGguf(path, {
    hidden: 32,
    feedForward: 32,
    layers: 1,
    heads: 2,
    vocabulary: tokens.length,
    metadata: [
      ['llama.pooling_type', ggufNumber('uint32', 3)],
      ['llama.rope.dimension_count', ggufNumber('uint32', 16)],
      ['llama.rope.freq_base', ggufNumber('float32', 10000)],
      ['inform.head.activation', ggufString('relu')],
      ['inform.head.format', ggufNumber('uint32', 1)],
      ['tokenizer.ggml.model', ggufString('gpt2')],
      ['tokenizer.ggml.pre', ggufString('llama-bpe')],
      ['tokenizer.ggml.tokens', ggufStrings(tokens)],
      ['tokenizer.ggml.token_type', integers],
      ['tokenizer.ggml.merges', ggufStrings(['t h', 'h e'])],
      ['tokenizer.ggml.bos_token_id', ggufNumber('uint32', tokens.indexOf('<|begin|>'))],
      ['tokenizer.ggml.eos_token_id', ggufNumber('uint32', tokens.indexOf('<|end|>'))],
      [
        'tokenizer.chat_template',
        ggufString('{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}'),
      ],
    ],
  });
}

/** GPT-2's stand-ins for the 256 bytes: printable ones are themselves, the others follow from U+0100 on. */
function byteTokens(): string[] {
  let next = 0x100;
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
