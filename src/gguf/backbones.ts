/**
 * The architectures (`general.architecture`) that can be scored: their graphs give the state that a head takes as
 * `result_norm`, and tests hold their arithmetic to transformers'. `architectures` in native/engine/gguf/model_header.cpp
 * is the same list.
 */
export const ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'gemma2', 'gemma3'] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

export function isArchitecture(name: string | undefined): name is Architecture {
  return (ARCHITECTURES as readonly (string | undefined)[]).includes(name);
}
