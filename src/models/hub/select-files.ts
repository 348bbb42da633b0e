import { VALUE_HEAD_FILE } from '../../convert/recipes.js';
import { PIECE_MODEL_FILE } from '../../convert/piece-tokenizer.js';
import { CHECKPOINT_FILES } from '../../convert/checkpoint-files.js';
import { CONVERSION_TYPES, type ConversionType, type WantedType } from '../../gguf/model-types.js';
import { InformError } from '../../errors.js';
import { printable } from '../../util/printable.js';

/** What a repository offers: a GGUF of one or several files, the one to open first, or a checkpoint to convert. */
export type Selection =
  | { readonly kind: 'gguf'; readonly paths: readonly string[] }
  | { readonly kind: 'checkpoint'; readonly paths: readonly string[] };

const PART = /-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * Chooses from the files of a repository: its GGUF of the wanted type, or its checkpoint's configuration and tokenizer. Type
 * `auto` takes the checkpoint first, whose size decides what it becomes, and else the only GGUF.
 * Weights in safetensors files are not listed, as the index names them, but for a value head, which is small and decides what the
 * checkpoint is.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND when there is nothing to use, or more than one thing
 */
export function selectFiles(repository: string, paths: readonly string[], type: WantedType): Selection {
  const models = ggufModels(paths);
  const ofType = models.filter(([path]) => typeIn(path) === type);
  const isCheckpoint = paths.includes('config.json') && paths.some((path) => path.endsWith('.safetensors'));
  const [only] =
    ofType.length > 0
      ? ofType
      : models.filter(([path]) => typeIn(path) === undefined || (type === 'auto' && !isCheckpoint));
  const candidates = ofType.length > 0 ? ofType.length : models.length;
  if (only !== undefined && candidates === 1) return { kind: 'gguf', paths: only };
  if (ofType.length === 0 && isCheckpoint) {
    return {
      kind: 'checkpoint',
      paths: paths.filter((path) => isWanted(path, paths)),
    };
  }
  throw new InformError('INFORM_MODEL_NOT_FOUND', refusal(repository, models, ofType, type));
}

/** tokenizer.json says all that tokenizer.model does. */
function isWanted(path: string, paths: readonly string[]): boolean {
  if (path === PIECE_MODEL_FILE) return !paths.includes('tokenizer.json');
  return CHECKPOINT_FILES.has(path) || path === VALUE_HEAD_FILE;
}

/** The GGUF models, each as its parts in order; the first part names the model. */
function ggufModels(paths: readonly string[]): [string, ...string[]][] {
  // Projectors of vision models and importance matrices are no models.
  const files = paths.filter((path) => /\.gguf$/i.test(path) && !/mmproj|imatrix/i.test(path));
  return files.flatMap((path): [string, ...string[]][] => {
    const [, number, count] = PART.exec(path) ?? [];
    if (number === undefined) return [[path]];
    if (Number(number) !== 1) return [];
    const parts = Array.from({ length: Number(count) }, (_, index) =>
      path.replace(PART, (name) => name.replace(/\d{5}/, String(index + 1).padStart(5, '0'))),
    );
    return parts.every((part) => files.includes(part)) ? [[path, ...parts.slice(1)]] : [];
  });
}

/** The type that a file's name tells: `Model-Q4_K_M.gguf`, `Q4_K_M/model-00001-of-00002.gguf`. */
function typeIn(path: string): string | undefined {
  const found = [...path.toLowerCase().matchAll(/(?<![a-z0-9])(?:i?q\d_[a-z0-9_]+|bf16|f16|f32)(?![a-z0-9_])/g)];
  return found.at(-1)?.[0];
}

function refusal(
  repository: string,
  models: readonly (readonly [string, ...string[]])[],
  ofType: readonly (readonly [string, ...string[]])[],
  type: WantedType,
): string {
  const listed = (among: typeof models): string => among.map(([path]) => printable(path)).join(', ');
  if (ofType.length > 1) {
    return `${repository} holds several GGUF files of type ${type}: ${listed(ofType)}. Download the one you want and name its path.`;
  }
  if (models.length > 0) {
    const known = models
      .map(([path]) => typeIn(path))
      .filter((name) => CONVERSION_TYPES.includes(name as ConversionType));
    const advice =
      known.length > 0
        ? `Choose one with --type (${[...new Set(known)].join(', ')}).`
        : 'Download the one you want and name its path.';
    const what = type === 'auto' ? 'several GGUF files:' : `no GGUF file of type ${type}, but`;
    return `${repository} holds ${what} ${listed(models)}. ${advice}`;
  }
  return `${repository} holds neither a GGUF file nor a checkpoint (config.json and .safetensors files). Name another model.`;
}
