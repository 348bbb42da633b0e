import { stat } from 'node:fs/promises';
import path from 'node:path';
import { InformError } from '../errors.js';
import { STDIN } from './source.js';

const ENDINGS = ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'parquet'];
const COMPRESSED = ['gz', 'zst', 'xz'];

/** What runs write beside their outputs. */
const OURS = /\.(?:rejects\.jsonl|journal|journal\.damaged|decisions\.jsonl|manifest\.json)$/;

const MOST_FILES = 100_000;

/**
 * The inputs with the files of folders, and those that patterns such as `data/*.parquet` fit, in place of those, by their
 * names' order. A name that is there is no pattern, whatever characters it has.
 *
 * @param except files that are written and not read
 * @throws InformError INFORM_INPUT_UNREADABLE where a folder or a pattern has no files
 */
export async function expandInputs(inputs: readonly string[], except: readonly string[] = []): Promise<string[]> {
  const expanded: string[] = [];
  for (const input of inputs) {
    const found = input === STDIN ? undefined : await filesOf(input);
    if (found === undefined) {
      expanded.push(input);
      continue;
    }
    const written = except.map((file) => path.resolve(file));
    const files = found.files.filter((file) => !OURS.test(file) && !written.includes(path.resolve(file))).sort();
    if (files.length === 0) throw unreadable(input, found.nothing);
    if (files.length > MOST_FILES) throw unreadable(input, `is more than ${MOST_FILES} files. Name some of them.`);
    expanded.push(...files);
  }
  return expanded;
}

/** undefined for what is neither a folder nor a pattern. */
async function filesOf(input: string): Promise<{ files: string[]; nothing: string } | undefined> {
  const entry = await stat(input).catch(() => undefined);
  if (entry !== undefined && !entry.isDirectory()) return undefined;
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (entry !== undefined) {
    const pattern = `**/*.{${ENDINGS.join(',')}}{,${COMPRESSED.map((ending) => `.${ending}`).join(',')}}`;
    const found = await glob(pattern, { cwd: input, caseSensitiveMatch: false });
    const names = ENDINGS.map((ending) => `.${ending}`).join(', ');
    return {
      files: found.map((file) => path.join(input, file)),
      nothing: `is a folder without files of samples (${names}, also .gz, .zst, .xz). Name the files in it.`,
    };
  }
  if (!isDynamicPattern(input)) return undefined;
  const files = await glob(input, { expandDirectories: false });
  return { files, nothing: 'fits no file. Check the path.' };
}

function unreadable(input: string, what: string): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', `${input} ${what}`);
}
