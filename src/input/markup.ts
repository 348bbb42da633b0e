/** How texts begin, or end, that hold the turns of a conversation in the markup of one template. */
const MARKUP: readonly { name: string; pattern: RegExp }[] = [
  { name: 'ChatML', pattern: /^\s*<\|im_start\|>/ },
  { name: 'Llama 3', pattern: /^\s*(?:<\|begin_of_text\|>|<\|start_header_id\|>)/ },
  { name: 'Llama 2', pattern: /^\s*(?:<s>\s*)?\[INST\]/ },
  { name: 'Gemma', pattern: /^\s*(?:<bos>\s*)?<start_of_turn>/ },
  { name: 'Zephyr', pattern: /^\s*<\|(?:user|system|assistant|prompter)\|>/ },
  { name: 'Anthropic HH', pattern: /^\s*Human: [^]*\n\s*Assistant:/ },
  { name: 'Vicuna', pattern: /(?:^|\s)USER: [^]* ASSISTANT:/ },
  { name: 'Alpaca', pattern: /^(?:Below is an instruction|### (?:Instruction|Human):)[^]*### (?:Response|Assistant):/ },
];

/** Whose markup a text is written in, where that is known. Of a long text only the beginning counts. */
export function markupOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const beginning = text.slice(0, 65536);
  return MARKUP.find(({ pattern }) => pattern.test(beginning))?.name;
}

export function markupReason(field: string, markup: string): string {
  return (
    `"${field}" is a text in ${markup} markup, with the turns of a conversation in it; a reward model has a template of its ` +
    'own, so give the turns as "messages"'
  );
}
