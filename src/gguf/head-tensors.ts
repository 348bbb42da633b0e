/** llama.cpp's names for a classifier head's tensors. A head without a hidden layer has the output's only. */
export const HEAD_TENSOR = {
  hiddenWeight: 'cls.weight',
  hiddenBias: 'cls.bias',
  outputWeight: 'cls.output.weight',
  outputBias: 'cls.output.bias',
} as const;

export type HeadTensor = (typeof HEAD_TENSOR)[keyof typeof HEAD_TENSOR];

/** In the order in which they are computed. */
export const HEAD_TENSORS: readonly HeadTensor[] = Object.values(HEAD_TENSOR);

/** Whether a tensor of this name belongs to the score head. */
export function isHeadTensor(name: string): boolean {
  return name.startsWith('cls.');
}
