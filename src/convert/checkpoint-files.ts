import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { boundedBytesOf } from '../util/files/bounded-text.js';
import { IrregularFileError, openRegularFile } from '../util/files/regular-file.js';
import { invalidCheckpoint, parseJsonObject, type JsonObject } from './checkpoint-file.js';

/**
 * The files of a checkpoint beside the weights: all that a conversion reads, and one that it does not
 * (generation_config.json is about generating) but that belongs to a complete checkpoint.
 */
export const CHECKPOINT_FILES: ReadonlySet<string> = new Set([
  'config.json',
  'model.safetensors.index.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'generation_config.json',
  'README.md',
]);

// tokenizer.json is the largest, Llama 3's has 9 to 17 MB. Parsed JSON can take 60 times its size.
const MAX_FILE_BYTES = 40 << 20;

/** The small files of a checkpoint folder, each read when it is first asked for, and only then. */
export class CheckpointFiles {
  readonly folder: string;
  readonly #texts = new Map<string, Promise<string | undefined>>();

  constructor(folder: string) {
    this.folder = folder;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @throws InformError INFORM_MODEL_NOT_FOUND where there is no such folder */
  async checkFolder(): Promise<void> {
    const notFound = (what: string, cause?: unknown): InformError => {
      const message = `${this.folder} ${what}. Give the folder of a Hugging Face checkpoint.`;
      return new InformError('INFORM_MODEL_NOT_FOUND', message, { cause });
    };
    const status = await stat(this.folder).catch((error: unknown) => {
      throw notFound('does not exist', error);
    });
    if (!status.isDirectory()) throw notFound('is not a folder');
  }

  /** Whether there is anything of that name. */
  async has(name: string): Promise<boolean> {
    return access(this.path(name)).then(
      () => true,
      () => false,
    );
  }

  /**
   * A file's text, or undefined where there is none.
   *
   * @throws InformError INFORM_INVALID_CHECKPOINT
   */
  text(name: string): Promise<string | undefined> {
    const known = this.#texts.get(name) ?? this.#read(name).then((bytes) => bytes?.toString('utf8'));
    this.#texts.set(name, known);
    return known;
  }

  /** As `text`, of a file that holds none. */
  bytes(name: string): Promise<Buffer | undefined> {
    return this.#read(name);
  }

  /** As `text`, parsed: the file must hold one JSON object. */
  async json(name: string): Promise<JsonObject | undefined> {
    const text = await this.text(name);
    return text === undefined ? undefined : parseJsonObject(text, this.path(name));
  }

  /** As `json`, for a file that every checkpoint has. */
  async requiredJson(name: string): Promise<JsonObject> {
    const object = await this.json(name);
    if (object !== undefined) return object;
    throw invalidCheckpoint(`${this.path(name)} is missing. Give the folder of a complete Hugging Face checkpoint.`);
  }

  async #read(name: string): Promise<Buffer | undefined> {
    const path = this.path(name);
    try {
      const file = await openRegularFile(path);
      try {
        const bytes = await boundedBytesOf(file, MAX_FILE_BYTES);
        if (bytes === undefined) throw invalidCheckpoint(`${path} is larger than ${MAX_FILE_BYTES} bytes.`);
        return bytes;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof InformError) throw error;
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      const reason = error instanceof IrregularFileError ? error.message : `cannot be read: ${messageOf(error)}`;
      throw invalidCheckpoint(`${path} ${reason}.`, { cause: error });
    }
  }
}
