import { execFileSync } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { packageRoot } from '#src/util/package-root.js';

/** llama.cpp's vocabulary file and chat template of Llama 3.1, which the native build copies beside the addon. */
export async function llamaVocabularyFiles(): Promise<{ vocabFile: string; templateFile: string }> {
  const folder = join(packageRoot(), 'build', 'Release', 'llama-bpe');
  const files = { vocabFile: join(folder, 'vocab.gguf'), templateFile: join(folder, 'chat_template.jinja') };
  for (const file of Object.values(files)) {
    await access(file).catch((cause: unknown) => {
      throw new Error(`${file} is missing. Run \`npm run build\`.`, { cause });
    });
  }
  return files;
}

/** Qwen's, in the tree of llama.cpp that was built. */
export function qwenVocabularyFiles(): { vocabFile: string; templateFile: string } {
  const models = llamaCppModels();
  return {
    vocabFile: join(models, 'ggml-vocab-qwen2.gguf'),
    templateFile: join(models, 'templates', 'Qwen-Qwen3-0.6B.jinja'),
  };
}

/** Those that gemma-tokenizer.ts reads, in the same tree. */
export function pieceVocabularyFiles(): { gemma: string; llama: string } {
  const models = llamaCppModels();
  return { gemma: join(models, 'ggml-vocab-gemma-4.gguf'), llama: join(models, 'ggml-vocab-llama-spm.gguf') };
}

function llamaCppModels(): string {
  const script = join(packageRoot(), 'scripts', 'build', 'llama-source.mjs');
  return join(execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim(), 'models');
}
