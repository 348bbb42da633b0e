import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import path from 'node:path';

/** A library in the backend folder of the cache that is not loaded, and with it none of that folder. */
export interface UntrustedModule {
  readonly file: string;
  /** A sentence that says what to do. */
  readonly reason: string;
}

/** Beside a module: where it came from, and its hash. */
export function recordOf(module: string): string {
  return `${module}.json`;
}

/**
 * The libraries of a folder that `inform-score backend add` did not write as they are, by the SHA-256 in its records, or that
 * others than this user and root could have written. A module finds the libraries beside it, so all of them count.
 */
export function untrustedModules(folder: string): UntrustedModule[] {
  const libraries = namesIn(folder).filter((name) => /\.(dll|dylib|so(\.\d+)*)$/i.test(name));
  if (libraries.length === 0) return [];
  const folderFault = ownershipFault(lstatSync(folder));
  return libraries.flatMap((name) => {
    const file = path.join(folder, name);
    const fault = folderFault === undefined ? moduleFault(file) : `its folder ${folderFault}`;
    return fault === undefined ? [] : [{ file, reason: reasonFor(fault) }];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // there is none, or none that this user may look into
  }
}

function moduleFault(file: string): string | undefined {
  const status = lstatSync(file);
  if (!status.isFile()) return 'it is no regular file';
  const fault = ownershipFault(status);
  if (fault !== undefined) return `it ${fault}`;
  const recorded = recordedHash(recordOf(file));
  if (recorded === undefined) return 'it was not put there by `inform-score backend add`';
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  return found === recorded ? undefined : 'it has changed since `inform-score backend add` put it there';
}

/** Who else could have put something there; undefined where only this user and root could. */
export function ownershipFault({ uid, mode }: Stats): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined; // Windows: folders of a user are that user's
  if (uid !== user && uid !== 0) return 'belongs to another user';
  return (mode & 0o022) === 0 ? undefined : 'may be written by other users';
}

function recordedHash(record: string): string | undefined {
  try {
    const { sha256 } = JSON.parse(readFileSync(record, 'utf8')) as { sha256?: unknown };
    return typeof sha256 === 'string' ? sha256 : undefined;
  } catch {
    return undefined; // none, or one that is no JSON
  }
}

function reasonFor(fault: string): string {
  return (
    `not loaded: ${fault}, and so no module of its folder is used. Remove it and run \`inform-score backend add\` again, ` +
    'or, if you trust what lies there, name the folder in INFORM_BACKEND_DIR.'
  );
}
