import { boolAt, numberAt, stringAt, stringsAt } from '../gguf/metadata.js';
import type { GgufMetadata } from '../gguf/types.js';

const TEMPLATE_KEY = 'tokenizer.chat_template';

/**
 * In what a backbone's tokenizer and chat template differ from those that the head's model has, a sentence each. A head scores
 * tokens as its own model would have made them.
 */
export function tokenizerDifferences(backbone: GgufMetadata, head: GgufMetadata): string[] {
  const differences: string[] = [];
  const [own, heads] = [backbone, head].map((metadata) => stringAt(metadata, TEMPLATE_KEY));
  if (heads !== undefined && own !== heads) {
    differences.push(
      `The backbone ${own === undefined ? 'has no chat template' : "has another chat template than the head's model"}. Score with the template that the head was trained with; chat_template names a file.`,
    );
  }
  const id = differentToken(stringsAt(backbone, 'tokenizer.ggml.tokens'), stringsAt(head, 'tokenizer.ggml.tokens'));
  const [merges, otherMerges] = [backbone, head].map((metadata) => stringsAt(metadata, 'tokenizer.ggml.merges'));
  const what = [
    id === undefined ? [] : [`the token of id ${id}`],
    merges?.length === otherMerges?.length && merges?.every((merge, i) => merge === otherMerges?.[i]) ? [] : ['merges'],
    stringAt(backbone, 'tokenizer.ggml.pre') === stringAt(head, 'tokenizer.ggml.pre') ? [] : ['the way to split words'],
    addedBos(backbone) === addedBos(head) ? [] : ['whether BOS is put before a text'],
  ].flat();
  if (what.length > 0) {
    differences.push(`The backbone's tokenizer differs from that of the head's model: ${what.join(', ')}.`);
  }
  return differences;
}

/** The first id whose token differs; rows of the embedding that no token has may be named in any way. */
function differentToken(tokens: readonly string[] = [], others: readonly string[] = []): number | undefined {
  const id = others.findIndex((token, i) => token !== tokens[i] && token !== `[PAD${i}]`);
  return id < 0 ? undefined : id;
}

function addedBos(metadata: GgufMetadata): number | undefined {
  return boolAt(metadata, 'tokenizer.ggml.add_bos_token') === true
    ? numberAt(metadata, 'tokenizer.ggml.bos_token_id')
    : undefined;
}
