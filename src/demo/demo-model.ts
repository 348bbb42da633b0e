import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { cacheFolder } from '../cache.js';
import { convertCheckpoint } from '../convert/convert.js';
import { InformError, messageOf } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { generateCheckpoint } from './generate.js';

/** Raised with every change of the generator or the converter that changes the file, so that no old one is used. */
const DEMO_VERSION = 1;

/**
 * The path of the demo model: a small GGUF file in BF16 with random weights and Llama 3.1's real tokenizer. The first
 * call makes it, in a few seconds; it then stays in the cache folder. Processes that make it at once do not disturb
 * each other: each writes its own and the file appears complete.
 *
 * @param onProgress how much of the file is written, from 0 to 1; not called when it is there already
 * @throws InformError INFORM_BINARY_NOT_FOUND (the build has not put the vocabulary beside the addon),
 *   INFORM_OUTPUT_UNWRITABLE
 */
export async function ensureDemoModel(onProgress?: (fraction: number) => void): Promise<string> {
  const folder = cacheFolder();
  const path = join(folder, `demo-v${DEMO_VERSION}-bf16.gguf`);
  if (await exists(path)) return path;

  const sources = await llamaVocabularyFiles();
  let work: string | undefined;
  try {
    await mkdir(folder, { recursive: true });
    work = await mkdtemp(join(tmpdir(), 'inform-score-demo-'));
    const checkpoint = join(work, 'inform-score-demo');
    onProgress?.(0);
    await generateCheckpoint(checkpoint, sources);
    await convertCheckpoint(checkpoint, path, {
      type: 'bf16',
      onProgress: ({ bytesDone, totalBytes }) => onProgress?.(bytesDone / totalBytes),
    });
  } catch (error) {
    throw error instanceof InformError ? error : notMade(folder, error);
  } finally {
    if (work !== undefined) await rm(work, { recursive: true, force: true });
  }
  return path;
}

function notMade(folder: string, cause: unknown): InformError {
  const places = `It needs 80 MB in ${tmpdir()} and ${folder}; INFORM_CACHE_DIR chooses another cache folder.`;
  return new InformError('INFORM_OUTPUT_UNWRITABLE', `The demo model cannot be made: ${messageOf(cause)}. ${places}`, {
    cause,
  });
}

/**
 * llama.cpp's vocabulary file and chat template of Llama 3.1, which the native build copies beside the addon.
 *
 * @throws InformError INFORM_BINARY_NOT_FOUND
 */
export async function llamaVocabularyFiles(): Promise<{ vocabFile: string; templateFile: string }> {
  const folder = join(packageRoot(), 'build', 'Release', 'llama-bpe');
  const files = { vocabFile: join(folder, 'vocab.gguf'), templateFile: join(folder, 'chat_template.jinja') };
  for (const file of Object.values(files)) {
    if (!(await exists(file))) {
      throw new InformError(
        'INFORM_BINARY_NOT_FOUND',
        `${file} is missing. Run \`npm run build\` in the folder of inform-score.`,
      );
    }
  }
  return files;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
