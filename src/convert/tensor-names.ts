/** What a backbone's checkpoints call their tensors, without `.weight`. Those of a layer stand behind its number. */
export interface TensorNames {
  readonly embedding: string;
  readonly attentionNorm: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  /** Of the norm before the feed-forward network, where no norm is behind attention. */
  readonly feedForwardNorm: string;
  /**
   * Whether query, key and value are one matrix: for each key-value head the rows of its query heads, then those of the key and
   * of the value.
   */
  readonly isFused?: true;
}

/** What nearly all of transformers' backbones have. */
export const USUAL_NAMES: TensorNames = {
  embedding: 'embed_tokens',
  attentionNorm: 'input_layernorm',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOutput: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
  feedForwardNorm: 'post_attention_layernorm',
};

export const INTERNLM2_NAMES: TensorNames = {
  embedding: 'tok_embeddings',
  attentionNorm: 'attention_norm',
  query: 'attention.wqkv',
  key: 'attention.wqkv',
  value: 'attention.wqkv',
  attentionOutput: 'attention.wo',
  gate: 'feed_forward.w1',
  up: 'feed_forward.w3',
  down: 'feed_forward.w2',
  feedForwardNorm: 'ffn_norm',
  isFused: true,
};
