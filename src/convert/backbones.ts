import type { Architecture } from '../gguf/backbones.js';

/** How a backbone's checkpoints differ from Llama's, which all that can be converted resemble. */
export interface Backbone {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly architecture: Architecture;
  /** `hidden_act` of config.json. */
  readonly activation: string;
  /** Whether ggml's rope pairs neighbours, and so the rows of q and k are interleaved. */
  readonly interleavedRope: boolean;
}

const LLAMA: Backbone = { modelType: 'llama', architecture: 'llama', activation: 'silu', interleavedRope: true };

export const BACKBONES = { llama: LLAMA } as const satisfies Record<string, Backbone>;

export type BackboneName = keyof typeof BACKBONES;
