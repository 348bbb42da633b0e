// Written by scripts/dev/write-model-options.mjs out of the option table; change that.

/** Options of `RewardModel.load`; all optional there. */
export interface ModelOptions {
  /** What a checkpoint folder or a Hugging Face model is converted to, or which of its GGUF files is taken; auto is bf16 below 3 billion weights, q8_0 below 40, q4_k_m above. Default: "auto". */
  type:
    | 'auto'
    | 'f32'
    | 'f16'
    | 'bf16'
    | 'q8_0'
    | 'q6_k'
    | 'q5_k_m'
    | 'q5_k_s'
    | 'q4_k_m'
    | 'q4_k_s'
    | 'q3_k_m'
    | 'q2_k'
    | 'iq4_xs'
    | 'iq4_nl';
  /** Samples evaluated in parallel. Default: 32. */
  batchSize: number;
  /** Longest sequence in tokens; longer ones are truncated, on the right unless the tokenizer says left, with a warning; auto is 4096, or what the model was trained on if that is less. Default: "auto". */
  maxLength: number | 'auto';
  /** A GGUF or a checkpoint folder with the score head, for a model file that has none. */
  scoreHead: string | undefined;
  /** A Jinja file to use in place of the model's own chat template. */
  chatTemplate: string | undefined;
  /** The day, YYYY-MM-DD, that chat templates write which ask for today's date (default: the template's own fixed date). */
  templateDate: string | undefined;
  /** How the tokenizer splits words, as llama.cpp names it (llama-bpe, qwen2, …), in place of the GGUF's tokenizer.ggml.pre. */
  pre: string | undefined;
  /** What the text of a special token in a sample becomes: that token (as the reference does), or plain text. Default: "parse". */
  specialTokens: 'parse' | 'literal';
  /** Which end of a sequence longer than max_length is cut off; auto is what the tokenizer says, else right. Default: "auto". */
  truncationSide: 'auto' | 'left' | 'right';
  /** Whether the tokenizer's BOS is put before a prompt that begins with it already, as transformers' pipelines do (always). Default: "auto". */
  bos: 'auto' | 'always';
  /** KV cache size: the most tokens of one batch, all samples together. Default: "auto". */
  contextTokens: number | 'auto';
  /** Tokens computed in one batch; auto is micro_batch, with a GPU 2048 if that is more. Default: "auto". */
  batchTokens: number | 'auto';
  /** Tokens that go through the layers at once; auto is 512 on the CPU and what the plan says on a GPU. Default: "auto". */
  microBatch: number | 'auto';
  /** Samples read ahead to bring those with a common prefix together. Default: 1024. */
  window: number;
  /** Compute a prefix that samples share once. Default: true. */
  share: boolean;
  /** Scores that do not depend, to the last bit, on the other samples; slower. Default: false. */
  deterministic: boolean;
  /** The most exact settings: deterministic, kv_type f32, no flash_attention, activations f32 where the CPU has AVX2 or NEON; slower. Default: false. */
  exact: boolean;
  /** CPU threads; auto is one per physical core. Default: "auto". */
  threads: number | 'auto';
  /** Layers whose weights lie on a GPU, the last ones; auto is as many as fit, 0 is the CPU alone. Default: "auto". */
  gpuLayers: number | 'auto';
  /** Compute the other layers on the GPU too, copying their weights for each micro-batch; auto is unless gpu_layers is 0. Default: "auto". */
  streamWeights: 'auto' | 'always' | 'never';
  /** GPUs to use, as "inform-score devices" names them; without it all of them. */
  devices: readonly string[] | undefined;
  /** How several GPUs share a model: each has some layers, each has some rows of every matrix, or one has all. Default: "layer". */
  splitMode: 'layer' | 'row' | 'none';
  /** The share of the layers of each GPU, such as 3,1; without it as they fit. */
  tensorSplit: readonly number[] | undefined;
  /** Use fused attention: faster, rounds differently. Default: true. */
  flashAttention: boolean;
  /** Precision of the KV cache; auto is f32 where the CPU does everything with weights of 16 bits or more, else f16. Default: "auto". */
  kvType: 'auto' | 'f16' | 'f32';
  /** What the CPU rounds activations to before it multiplies weights with them: to 8 bits by llama.cpp's kernels (ggml) or by ours (int8), to 16 bits as whole numbers (int16) or as two pieces of BF16 (bf16x2, with AMX), or not at all; auto is bf16x2 where the CPU has AMX, int16 where it has AVX2 or NEON, else ggml. Default: "auto". */
  activations: 'auto' | 'ggml' | 'int8' | 'int16' | 'bf16x2' | 'f32';
}
