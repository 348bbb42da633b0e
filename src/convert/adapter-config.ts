import { isAbsent } from '../util/is-absent.js';
import { invalidCheckpoint, type JsonObject } from './checkpoint-file.js';
import { named, positive, unsupported } from './config-values.js';

export const ADAPTER_CONFIG = 'adapter_config.json';

/** What adapter_config.json says that decides about the merged weights. */
export interface AdapterConfig {
  /** What B A is multiplied by, where A has this many rows. */
  readonly scaleOf: (rank: number) => number;
  /** Whether a classifier was trained on what may be a language model. */
  readonly isClassifier: boolean;
}

/** Keys of adapter_config.json that make something else of a weight than it plus a product, or of other tensors. */
const UNSUPPORTED = [
  'use_dora',
  'fan_in_fan_out',
  'lora_bias',
  'alpha_pattern',
  'layer_replication',
  'megatron_config',
  'trainable_token_indices',
  'target_parameters',
  'use_qalora',
  'alora_invocation_tokens',
  'use_bdlora',
  'arrow_config',
  'kasa_config',
  'velora_config',
  'monteclora_config',
];

/** Beginnings that leave the base as it is; others (PiSSA, OLoRA, CorDA, …) change it when the adapter is loaded. */
const KNOWN_BEGINNINGS: readonly unknown[] = [true, false, 'gaussian', 'orthogonal'];

/**
 * Reads adapter_config.json, as PEFT has it.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL for what is no plain LoRA
 */
export function readAdapterConfig(config: JsonObject, path: string): AdapterConfig {
  if (config['peft_type'] !== 'LORA') {
    throw refused(path, `is an adapter of type ${named(config['peft_type'])}, and "LORA" can be merged`);
  }
  const other = UNSUPPORTED.find((key) => isSet(config[key]));
  if (other !== undefined) throw refused(path, `has ${other} ${named(config[other])}`);
  const { bias = 'none', init_lora_weights: beginning = true } = config;
  if (bias !== 'none') throw refused(path, `has bias ${named(bias)}`);
  if (!KNOWN_BEGINNINGS.includes(beginning)) {
    throw refused(path, `has init_lora_weights ${named(beginning)}, which may change the base`);
  }
  const alpha = positive(config, 'lora_alpha', path);
  const isRankStabilized = config['use_rslora'] === true;
  const task = config['task_type'];
  if (!isAbsent(task) && task !== 'SEQ_CLS' && task !== 'CAUSAL_LM') {
    throw refused(path, `is for the task ${named(task)}, which gives no reward`);
  }
  if (typeof config['use_rslora'] !== 'boolean' && !isAbsent(config['use_rslora'])) {
    throw invalidCheckpoint(`${path} must give use_rslora as true or false.`);
  }
  return {
    scaleOf: (rank) => alpha / (isRankStabilized ? Math.sqrt(rank) : rank),
    isClassifier: task === 'SEQ_CLS',
  };
}

function isSet(value: unknown): boolean {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return !isAbsent(value) && value !== false && !isEmpty;
}

function refused(path: string, what: string): Error {
  return unsupported(
    `${path} ${what}, which is not merged here. Merge it with PEFT's merge_and_unload(), save that with save_pretrained(), and name its folder.`,
  );
}
