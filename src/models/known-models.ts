import type { ConversionType } from '../gguf/model-types.js';

/** A reward model of the hub that is known to be of a class that can be scored. */
export interface KnownModel {
  readonly id: string;
  /** A row of src/convert/recipes.ts. */
  readonly className: string;
  /** Weights that are kept, in thousands of millions. */
  readonly billions: number;
  /** As its model card has it. */
  readonly licence: string;
  /** Published results, each with who says so. They are nobody's measurement here. */
  readonly results: readonly string[];
}

const SEVEN = 'mean of seven benchmarks (Skywork-Reward-V2 README)';

export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    id: 'infly/INF-ORM-Llama3.1-70B',
    className: 'INFORMForSequenceClassification',
    billions: 69.6,
    licence: 'as its card says',
    results: [`73.5 ${SEVEN}`],
  },
  llama('Skywork/Skywork-Reward-V2-Llama-3.1-8B', 7.5, 'llama3.1', `85.8 ${SEVEN}`),
  llama('Skywork/Skywork-Reward-V2-Llama-3.2-3B', 3.2, 'llama3.2'),
  llama('Skywork/Skywork-Reward-V2-Llama-3.2-1B', 1.2, 'llama3.2'),
  qwen3('Skywork/Skywork-Reward-V2-Qwen3-8B', 7.6),
  qwen3('Skywork/Skywork-Reward-V2-Qwen3-4B', 4),
  qwen3('Skywork/Skywork-Reward-V2-Qwen3-1.7B', 1.7, `75.2 ${SEVEN}`),
  qwen3('Skywork/Skywork-Reward-V2-Qwen3-0.6B', 0.6),
  {
    id: 'nvidia/Llama-3.1-Nemotron-70B-Reward-HF',
    className: 'LlamaForCausalLM',
    billions: 69.5,
    licence: 'llama3.1',
    results: ['94.1 on RewardBench (its model card)'],
  },
  athene('Nexusflow/Athene-RM-70B', 69.5, 66.6),
  athene('Nexusflow/Athene-RM-8B', 7.5, 64.6),
  grm('Ray2333/GRM-Llama3-8B-rewardmodel-ft', 'LlamaForSequenceClassification', 7.5, 91.5),
  grm('Ray2333/GRM-gemma2-2B-rewardmodel-ft', 'Gemma2ForSequenceClassification', 2.6, 88.4),
  grm('Ray2333/GRM-llama3-8B-sftreg', 'LlamaForCausalLM', 7.5, 87),
  grm('Ray2333/GRM-llama3.2-3B-sftreg', 'LlamaForCausalLM', 3.2, 85.8),
  {
    id: 'Skywork/Skywork-Reward-Gemma-2-27B-v0.2',
    className: 'Gemma2ForSequenceClassification',
    billions: 27.2,
    licence: 'as its card says',
    results: [],
  },
  {
    id: 'Qwen/Qwen2.5-Math-RM-72B',
    className: 'Qwen2ForRewardModel',
    billions: 71.5,
    licence: 'as its card says',
    results: [],
  },
];

function llama(id: string, billions: number, licence: string, ...results: string[]): KnownModel {
  return { id, className: 'LlamaForSequenceClassification', billions, licence, results };
}

function grm(id: string, className: string, billions: number, rewardBench: number): KnownModel {
  return {
    id,
    className,
    billions,
    licence: 'as its card says',
    results: [`${rewardBench.toFixed(1)} on RewardBench (GRM's model cards)`],
  };
}

function athene(id: string, billions: number, humanPreference: number): KnownModel {
  return {
    id,
    className: 'CustomAutoModelForSequenceClassification',
    billions,
    licence: 'as its card says',
    results: [`${humanPreference} human preference (PPE's paper)`],
  };
}

function qwen3(id: string, billions: number, ...results: string[]): KnownModel {
  return { id, className: 'Qwen3ForSequenceClassification', billions, licence: 'apache-2.0', results };
}

/** Bits for each weight of what a checkpoint is converted to most often, embedding and all. */
const BITS = { q4_k_m: 4.85, q8_0: 8.5, bf16: 16 } as const satisfies Partial<Record<ConversionType, number>>;

/** About the size of a model's file in GB (10^9 bytes); in memory it takes that and the KV cache. */
export function fileGigabytes({ billions }: KnownModel, type: keyof typeof BITS): number {
  return (billions * BITS[type]) / 8;
}

/** The types whose sizes are told. */
export const TOLD_TYPES = Object.keys(BITS) as readonly (keyof typeof BITS)[];

/** "4.6 GB", and less exactly what is larger. */
export function formatGigabytes(gigabytes: number): string {
  return `${gigabytes.toFixed(gigabytes < 10 ? 1 : 0)} GB`;
}

/** How a known model is fetched. */
export function pullCommandOf({ id }: KnownModel): string {
  return `inform-score pull ${id}`;
}
