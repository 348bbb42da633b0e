import { baseTypeOf, type ConversionType } from '../gguf/model-types.js';
import { GGML_TYPES, type GgmlType, type GgmlTypeName } from '../gguf/types.js';
import type { CheckpointConfig } from './checkpoint-config.js';
import type { PlannedTensor } from './tensors.js';

/** A planned tensor with the type it is stored in. */
export type TypedTensor = PlannedTensor & { readonly type: GgmlType };

/** Chooses every tensor's type, as llama.cpp's quantizer does for a model of this geometry without `output.weight`. */
export function assignTypes(
  planned: readonly PlannedTensor[],
  config: CheckpointConfig,
  type: ConversionType,
): TypedTensor[] {
  return planned.map((tensor) => ({ ...tensor, type: GGML_TYPES[typeNameOf(tensor, config, type)] }));
}

function typeNameOf(
  { name, shape, role, source }: PlannedTensor,
  config: CheckpointConfig,
  type: ConversionType,
): GgmlTypeName {
  if (role === 'vector') return 'F32';
  if (role === 'head') return source.kind === 'checkpoint' ? source.dtype : 'F32';
  const base = baseTypeOf(type);
  if (base === 'F32' || base === 'F16' || base === 'BF16') return base;
  const columns = shape[0] ?? 1;
  const [, layer = '0', kind = name] = /^blk\.(\d+)\.(.+)\.weight$/.exec(name) ?? [];
  return fitting(columns, mixed(kind, Number(layer), columns, config, type));
}

/**
 * The type that a mix gives a matrix: more bits for those that are sensitive. The rules are those of
 * `llama_tensor_get_type_impl` in llama.cpp's llama-quant.cpp, without an importance matrix.
 */
function mixed(
  kind: string,
  layer: number,
  columns: number,
  config: CheckpointConfig,
  type: ConversionType,
): GgmlTypeName {
  const base = baseTypeOf(type);
  const { layerCount, headCount, kvHeadCount } = config;
  const eighth = Math.floor(layerCount / 8);
  const moreBits = layer < eighth || layer >= Math.floor((7 * layerCount) / 8) || (layer - eighth) % 3 === 2;
  const grouped = headCount / kvHeadCount >= 4;
  switch (kind) {
    case 'token_embd.weight':
      // Without an output matrix the embedding counts as one.
      return base === 'Q8_0' || columns % GGML_TYPES[base].blockSize !== 0 ? 'Q8_0' : 'Q6_K';
    case 'attn_v': {
      const chosen = valueType();
      // The value matrices of the 70B model are an eighth of the query's: more bits cost next to nothing.
      const is70B = layerCount === 80 && headCount !== kvHeadCount;
      return is70B && (chosen === 'Q3_K' || chosen === 'Q4_K') ? 'Q5_K' : chosen;
    }
    case 'attn_output':
      return type === 'q2_k' ? 'Q3_K' : type === 'q3_k_m' ? 'Q4_K' : base;
    case 'ffn_down':
      return downType();
    default:
      return base;
  }

  function valueType(): GgmlTypeName {
    switch (type) {
      case 'q2_k':
        return grouped ? 'Q4_K' : 'Q3_K';
      case 'q3_k_m':
        return layer < 2 ? 'Q5_K' : 'Q4_K';
      case 'q4_k_m':
      case 'q5_k_m':
        return moreBits ? 'Q6_K' : base;
      case 'q4_k_s':
        return layer < 4 ? 'Q5_K' : base;
      case 'iq4_nl':
      case 'iq4_xs':
        return grouped ? 'Q5_K' : base;
      default:
        return base;
    }
  }

  function downType(): GgmlTypeName {
    switch (type) {
      case 'q2_k':
        return 'Q3_K';
      case 'q3_k_m':
        return layer < Math.floor(layerCount / 16) ? 'Q5_K' : 'Q4_K';
      case 'q4_k_m':
      case 'q5_k_m':
        return moreBits ? 'Q6_K' : base;
      case 'q4_k_s':
      case 'iq4_nl':
      case 'iq4_xs':
        return layer < eighth ? 'Q5_K' : base;
      default:
        return base;
    }
  }
}

/** What takes the place of a type whose blocks do not divide a row (`tensor_type_fallback` in llama-quant.cpp). */
const FALLBACKS: Partial<Record<GgmlTypeName, GgmlTypeName>> = {
  IQ4_XS: 'IQ4_NL',
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
};

function fitting(columns: number, type: GgmlTypeName): GgmlTypeName {
  const fits = (candidate: GgmlTypeName): boolean => columns % GGML_TYPES[candidate].blockSize === 0;
  if (fits(type)) return type;
  const smaller = FALLBACKS[type];
  return smaller !== undefined && fits(smaller) ? smaller : 'F16';
}
