import {
  IK_LLAMA_BENCH,
  LLAMA_BENCH,
  LLAMA_EMBEDDING,
  NO_SHARING,
  NODE_LLAMA_CPP,
  OURS,
  TRANSFORMERS_BF16,
  TRANSFORMERS_F32,
  type Contestant,
  type TrialResult,
} from './contestants.js';
import type { SetName } from './datasets.js';
import type { RaceResults } from './races.js';
import { spreadOf, type Spread } from './statistics.js';

/** Ratios by name; undefined where a contestant was absent. */
export type Ratios = Map<string, Spread | undefined>;

/** What the ratios are wanted to be, at least. */
export const BARS: ReadonlyMap<string, number> = new Map([
  ['uniform512_vs_llama_bench', 1.6],
  ['uniform512_vs_ik_llama_bench', 1],
  ['sft_vs_llama_embedding', 3],
  ['sft_vs_node_llama_cpp', 3],
  ['sft_vs_transformers', 6],
  ['sharing_efficiency_sft', 0.95],
  ['sharing_efficiency_best_of_8', 0.95],
  ['sharing_efficiency_pairs', 0.95],
  ['sharing_efficiency_long_prompt', 0.95],
  ['sharing_speedup_long_prompt', 3],
]);

/** The ratios that some races over one model give. */
export function ratiosOf(results: readonly RaceResults[]): Ratios {
  const ratios: Ratios = new Map();
  const against = (name: string, set: SetName, peer: Contestant): Spread | undefined => {
    const ofSet = results.filter(({ race }) => race.dataset.name === set);
    const ratio = ofSet.map((result) => pairedRatio(result, peer)).find((spread) => spread !== undefined);
    ratios.set(name, ratio);
    return ratio;
  };
  against('uniform512_vs_llama_bench', 'uniform512', LLAMA_BENCH);
  against('uniform512_vs_ik_llama_bench', 'uniform512', IK_LLAMA_BENCH);
  against('sft_vs_llama_embedding', 'sft', LLAMA_EMBEDDING);
  against('sft_vs_node_llama_cpp', 'sft', NODE_LLAMA_CPP);
  const f32 = against('sft_vs_transformers_float32', 'sft', TRANSFORMERS_F32);
  const bf16 = against('sft_vs_transformers_bfloat16', 'sft', TRANSFORMERS_BF16);
  // The better of its two types.
  ratios.set('sft_vs_transformers', f32 && bf16 && (f32.median < bf16.median ? f32 : bf16));
  for (const result of results) {
    const speedup = pairedRatio(result, NO_SHARING);
    const factor = sharingFactor(result);
    if (!speedup || factor === undefined) continue;
    const set = result.race.dataset.name.replaceAll('-', '_');
    ratios.set(`sharing_factor_${set}`, { median: factor, min: factor, max: factor });
    ratios.set(`sharing_speedup_${set}`, speedup);
    ratios.set(`sharing_efficiency_${set}`, {
      median: speedup.median / factor,
      min: speedup.min / factor,
      max: speedup.max / factor,
    });
  }
  return ratios;
}

/** How much faster ours was than a peer, of each round. */
function pairedRatio({ trials }: RaceResults, peer: Contestant): Spread | undefined {
  const ours = trials.get(OURS) ?? [];
  const theirs = trials.get(peer) ?? [];
  return spreadOf(
    theirs.flatMap((trial, round) => {
      const own = ours[round];
      return own ? [rate(own) / rate(trial)] : [];
    }),
  );
}

/** Tokens seen for each one computed. */
function sharingFactor({ trials }: RaceResults): number | undefined {
  const [trial] = trials.get(OURS) ?? [];
  return trial?.computedTokens === undefined ? undefined : trial.tokens / trial.computedTokens;
}

/** Tokens a second. */
export function rate({ tokens, seconds }: TrialResult): number {
  return tokens / seconds;
}
