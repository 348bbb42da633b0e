/** The types of llama.cpp's tokens (enum llama_token_type in llama.h). */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;
