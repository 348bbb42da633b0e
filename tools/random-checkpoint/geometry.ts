/** The sizes of a generated model. */
export interface Geometry {
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  /** Default: hiddenSize / headCount. */
  readonly headDim?: number;
  /** Rows of the embedding. Default: Llama 3's vocabulary, 128256. */
  readonly vocabularySize?: number;
  /** Biases of q, k and v. */
  readonly qkvBias?: true;
  /** Norms of each head of q and k. */
  readonly headNorms?: true;
  /** Norms behind attention and feed-forward network, too, all stored less 1, and an embedding that the model scales. */
  readonly gemma?: true;
  /** Default: two-layer. */
  readonly head?: 'one-layer' | 'two-layer';
}

export const TEST_GEOMETRY: Geometry = {
  hiddenSize: 128,
  feedForwardSize: 352,
  layerCount: 4,
  headCount: 4,
  kvHeadCount: 2,
};

export const VOCABULARY_SIZE = 128256;

/** The ids from here on are Llama 3's special tokens. */
export const FIRST_SPECIAL_TOKEN = 128000;
