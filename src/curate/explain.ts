import { access } from 'node:fs/promises';
import path from 'node:path';
import { InformError } from '../errors.js';
import { readNamedText } from '../util/files/bounded-text.js';
import { fileSha256 } from '../util/files/sha256.js';
import { MANIFEST_FORMAT, type HashedFile, type Manifest } from './manifest.js';

const MAX_MANIFEST_BYTES = 1 << 20;

interface CheckedFile {
  role: 'data' | 'scores' | 'against' | 'output' | 'decisions';
  path: string;
  state: 'unchanged' | 'changed' | 'missing';
}

export interface Explanation {
  manifest: Manifest;
  files: CheckedFile[];
}

/**
 * Reads the manifest of a selection and compares every file that it names with the hash it had. A file that is not where it was
 * is looked for beside the manifest.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE for what is no manifest
 */
export async function explain(file: string): Promise<Explanation> {
  const manifest = parseManifest(
    file,
    await readNamedText(file, MAX_MANIFEST_BYTES, {
      code: 'INFORM_INPUT_UNREADABLE',
      subject: `The manifest ${file}`,
      tooLarge: notManifest(file),
    }),
  );
  const named: [CheckedFile['role'], HashedFile][] = [
    ...manifest.data.map((entry) => ['data', entry] as [CheckedFile['role'], HashedFile]),
    ...(manifest.scores === undefined ? [] : [['scores', manifest.scores] as [CheckedFile['role'], HashedFile]]),
    ...(manifest.against ?? []).map((entry) => ['against', entry] as [CheckedFile['role'], HashedFile]),
    ['output', manifest.output],
    ['decisions', manifest.decisions],
  ];
  const files: CheckedFile[] = [];
  for (const [role, entry] of named) files.push(await check(role, entry, path.dirname(file)));
  return { manifest, files };
}

async function check(
  role: CheckedFile['role'],
  { path: given, sha256 }: HashedFile,
  folder: string,
): Promise<CheckedFile> {
  for (const candidate of [given, path.join(folder, path.basename(given))]) {
    const there = await access(candidate).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    const now = await fileSha256(candidate).catch(() => undefined);
    return { role, path: candidate, state: now === sha256 ? 'unchanged' : 'changed' };
  }
  return { role, path: given, state: 'missing' };
}

function parseManifest(file: string, text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InformError('INFORM_INPUT_UNREADABLE', notManifest(file), { cause: error });
  }
  if (!isManifest(value)) throw new InformError('INFORM_INPUT_UNREADABLE', notManifest(file));
  return value;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, data, scores, against, output, decisions, criteria, rows, written } = value as Record<
    string,
    unknown
  >;
  return (
    format === MANIFEST_FORMAT &&
    Array.isArray(data) &&
    data.every(isHashedFile) &&
    (scores === undefined || isHashedFile(scores)) &&
    (against === undefined || (Array.isArray(against) && against.every(isHashedFile))) &&
    isHashedFile(output) &&
    isHashedFile(decisions) &&
    typeof criteria === 'object' &&
    criteria !== null &&
    typeof rows === 'number' &&
    typeof written === 'number'
  );
}

function isHashedFile(value: unknown): value is HashedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path: name, sha256 } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof sha256 === 'string';
}

function notManifest(file: string): string {
  return `${file} is no manifest of a selection. Name the .manifest.json that inform-score select has written.`;
}
