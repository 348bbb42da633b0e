/** llama.cpp's names for a classifier head's tensors. A head without a hidden layer has the `output` ones only. */
export const HEAD_TENSORS = ['cls.weight', 'cls.bias', 'cls.output.weight', 'cls.output.bias'] as const;

export type HeadTensor = (typeof HEAD_TENSORS)[number];
