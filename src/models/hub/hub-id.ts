import { InformError } from '../../errors.js';

/** A model on the Hugging Face hub. */
export interface HubId {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const DEFAULT_REVISION = 'main';

// Both become folder names of caches, so nothing that leads out of a folder passes. The hub itself allows no `--` in a
// name, which separates owner and name there.
const REPOSITORY = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const REVISION = /^\w[\w.+-]*(?:\/\w[\w.+-]*)*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** `infly/INF-ORM-Llama3.1-70B` or `owner/name@revision`; undefined for what is no such id, like the path of a GGUF. */
export function parseHubId(text: string): HubId | undefined {
  const [repository = '', revision = DEFAULT_REVISION, ...others] = text.split('@');
  if (others.length > 0 || !REPOSITORY.test(repository) || /--|\.\./.test(repository)) return undefined;
  if (repository.toLowerCase().endsWith('.gguf') || !isRevision(revision)) return undefined;
  return { repository, revision };
}

/** Whether an input is a data set of the hub, and no file. */
export function isDatasetUrl(input: string): boolean {
  return input.startsWith('hf://');
}

/** The id of a command line, where the revision may also be a flag. @throws InformError INFORM_INVALID_CONFIG */
export function requireHubId(text: string, revision?: string): HubId {
  const id = parseHubId(text);
  if (id === undefined) {
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `"${text}" is no id of a model on the Hugging Face hub. Give one such as infly/INF-ORM-Llama3.1-70B.`,
    );
  }
  if (revision === undefined) return id;
  if (!isRevision(revision) || (text.includes('@') && revision !== id.revision)) {
    const reason = isRevision(revision) ? 'contradicts the one in the id' : 'is no branch, tag or commit';
    throw new InformError('INFORM_INVALID_CONFIG', `--revision "${revision}" ${reason}. Give one revision.`);
  }
  return { repository: id.repository, revision };
}

export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** The id as a user writes it. */
export function formatHubId({ repository, revision }: HubId): string {
  return revision === DEFAULT_REVISION ? repository : `${repository}@${revision}`;
}

function isRevision(revision: string): boolean {
  return REVISION.test(revision) && !revision.includes('..');
}
