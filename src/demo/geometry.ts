/** The sizes of a generated model. The vocabulary is always Llama 3's, 128256 tokens. */
export interface Geometry {
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
}

export const DEMO_GEOMETRY: Geometry = {
  hiddenSize: 128,
  feedForwardSize: 352,
  layerCount: 4,
  headCount: 4,
  kvHeadCount: 2,
};

export const VOCABULARY_SIZE = 128256;

/** The ids from here on are Llama 3's special tokens. */
export const FIRST_SPECIAL_TOKEN = 128000;
