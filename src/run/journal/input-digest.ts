import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { LINE_FEED } from '../../input/bytes.js';
import { inputName, readChunks, STDIN } from '../../input/source.js';
import { BlockHashes } from './block-hashes.js';
import type { InputFingerprint } from './fingerprint-types.js';

/** An input as it is now, and how it began. */
export interface DigestedInput extends InputFingerprint {
  /** SHA-256 of its first `before` bytes; undefined where it has fewer, and where they end in the middle of a line. */
  beginning?: string | undefined;
  /** What it was when it was hashed, to notice changes; undefined for standard input and pipes. */
  state?: InputState | undefined;
}

interface InputState {
  /** The path that it was read from. */
  path: string;
  entry: BigIntStats;
  blocks: BlockHashes;
}

export interface DigestOptions {
  /** How many bytes of it a run knows already. */
  before?: number | undefined;
  /** Whether a last line without its line break is still being written, and left for later. */
  wholeLines: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Hashes an input. What is added to it afterwards is not a part of it.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE, INFORM_ABORTED
 */
export async function digestInput(input: string, options: DigestOptions): Promise<DigestedInput> {
  const file = inputName(input);
  const entry = input === STDIN ? undefined : await stat(input, { bigint: true }).catch(() => undefined);
  if (entry?.isFile() !== true) return { file };
  const size = Number(entry.size);
  const bytes = options.wholeLines ? await lastLineEnd(input, size) : size;
  const { before = 0, signal } = options;
  const hash = createHash('sha256');
  const blocks = new BlockHashes();
  let read = 0;
  let beginning = before === 0 ? hash.copy().digest('hex') : undefined;
  for await (const chunk of readChunks(input, { signal, bytes })) {
    if (read < before && read + chunk.length >= before) {
      const part = chunk.subarray(0, before - read);
      if (part.at(-1) === LINE_FEED) beginning = hash.copy().update(part).digest('hex');
    }
    hash.update(chunk);
    blocks.add(chunk);
    read += chunk.length;
  }
  blocks.end();
  return { file, bytes: read, sha256: hash.digest('hex'), beginning, state: { path: input, entry, blocks } };
}

/** What changed in the inputs of a run, each as a clause for a message; and whether the last one was only added to. */
export function compareInputs(
  then: readonly InputFingerprint[],
  now: readonly DigestedInput[],
): { changed: string[]; grown: boolean } {
  const count = (inputs: number): string => `${inputs} ${inputs === 1 ? 'input' : 'inputs'}`;
  if (then.length !== now.length) {
    return { changed: [`there were ${count(then.length)} and there are ${now.length}`], grown: false };
  }
  const changed: string[] = [];
  let grown = false;
  for (const [index, is] of now.entries()) {
    const was = then[index];
    // What has no hash is compared row by row.
    if (was?.sha256 === undefined || is.sha256 === undefined || was.sha256 === is.sha256) continue;
    // Rows added to any other input than the last would move the rows after them.
    if (was.sha256 === is.beginning && index === now.length - 1) grown = true;
    else if (was.file === is.file) changed.push(`the input ${is.file} has another content`);
    else changed.push(`the input was ${was.file} and is ${is.file}, which has another content`);
  }
  return { changed, grown };
}

const TAIL_BYTES = 64 * 1024;

/** Where the last whole line of a file ends: how many bytes come before that point. */
async function lastLineEnd(path: string, size: number): Promise<number> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(TAIL_BYTES);
    for (let end = size; end > 0; end -= TAIL_BYTES) {
      const start = Math.max(end - TAIL_BYTES, 0);
      const { bytesRead } = await file.read(buffer, 0, end - start, start);
      const feed = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
      if (feed >= 0) return start + feed + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}
