/**
 * The files of a checkpoint beside the weights: all that a conversion reads, and two that it does not (added_tokens.json
 * repeats tokenizer.json, generation_config.json is about generating) but that belong to a complete checkpoint.
 */
export const CHECKPOINT_FILES: ReadonlySet<string> = new Set([
  'config.json',
  'model.safetensors.index.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'generation_config.json',
  'README.md',
]);
