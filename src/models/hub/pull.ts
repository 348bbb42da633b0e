import { join } from 'node:path';

import { CheckpointFiles } from '../../convert/checkpoint-files.js';
import { openCheckpoint, readStoredTensors, type Checkpoint } from '../../convert/checkpoint.js';
import { convertCheckpoint, plannedConversion } from '../../convert/convert.js';
import { knownRewardToken } from '../../convert/recipes.js';
import type { WantedType } from '../../gguf/model-types.js';
import {
  convertedModelsFolder,
  convertedPath,
  convertedTypes,
  convertOnce,
  findConverted,
  hubSource,
  rememberConverted,
} from '../converted-models.js';
import { InformError } from '../../errors.js';
import { removeAbandoned } from '../../util/files/atomic-file.js';
import { formatBytes } from '../../util/format.js';
import { RepositoryCache } from './repository-cache.js';
import { convertSnapshot, findCached } from './cached-model.js';
import { confirmLarge, type ConfirmDownload } from '../confirm-download.js';
import { checkDiskSpace } from '../../util/files/disk-space.js';
import { downloadFiles, missingBytes, Transfer, type TransferOptions } from './download-files.js';
import { readHubEnvironment, type HubEnvironment } from './environment.js';
import { formatHubId, type HubId } from './hub-id.js';
import type { HubHttp, Patience } from './http.js';
import { askHub } from './ask-hub.js';
import type { Repository, RepositoryFile } from './repository.js';
import { selectFiles } from './select-files.js';
import { HubShardStore } from './shard-store.js';
import { StreamedShards } from './streamed-shards.js';

export interface PullOptions extends TransferOptions {
  /** Which GGUF of a repository is taken, or what its checkpoint is converted to. */
  readonly type: WantedType;
  /** Asked before more than 5 GB are fetched. */
  readonly confirm?: ConfirmDownload | undefined;
  /** Whether a checkpoint without a chat template is converted as it is. */
  readonly templateOptional?: boolean | undefined;
  /** Converts shard by shard and deletes each shard after that. */
  readonly deleteShards?: boolean | undefined;
  readonly patience?: Partial<Patience> | undefined;
}

/**
 * The GGUF file of a model of the hub: from our cache, from the cache that all Hugging Face tools share, or downloaded and,
 * where it is a checkpoint, converted. Only the last one uses the network.
 *
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_DOWNLOAD_REFUSED, INFORM_MODEL_NOT_FOUND, INFORM_OUTPUT_UNWRITABLE,
 *   INFORM_INVALID_CONFIG (the environment), INFORM_ABORTED, and what `convertCheckpoint` throws
 */
export async function hubModel(id: HubId, options: PullOptions): Promise<string> {
  const environment = await readHubEnvironment();
  return (
    (await cachedModel(id, options, environment)) ??
    pull(id, options, environment, 'No file or folder of that name is here: asking')
  );
}

/** As `hubModel`, but asks the hub whether its branch or tag has moved on, unless HF_HUB_OFFLINE forbids it. */
export async function pullModel(id: HubId, options: PullOptions): Promise<string> {
  const environment = await readHubEnvironment();
  const cached = environment.offline ? await cachedModel(id, options, environment) : undefined;
  return cached ?? pull(id, options, environment);
}

/** The GGUF file of a model that a cache holds as one; undefined where there is none. */
export async function cachedGguf(id: HubId, type: WantedType): Promise<string | undefined> {
  const { cacheFolder } = await readHubEnvironment();
  const found = await findCached(id, type, new RepositoryCache(cacheFolder, id.repository));
  return found?.kind === 'gguf' ? found.path : undefined;
}

async function cachedModel(
  id: HubId,
  options: PullOptions,
  { cacheFolder }: HubEnvironment,
): Promise<string | undefined> {
  const cache = new RepositoryCache(cacheFolder, id.repository);
  const found = await findCached(id, options.type, cache);
  if (found?.kind !== 'checkpoint') return found?.path;
  const { files, tensors, commit } = found;
  const { templateOptional } = options;
  const rewardToken = knownRewardToken(id.repository);
  const checkpoint = await openCheckpoint(files, {
    templateOptional,
    rewardToken,
    readTensors: () => Promise.resolve(tensors),
  });
  return convertSnapshot(id, commit, checkpoint, options);
}

async function pull(id: HubId, options: PullOptions, environment: HubEnvironment, asking?: string): Promise<string> {
  const { http, repository } = await askHub(id, options, environment, asking);
  return new Pull(id, options, environment, http, repository).run();
}

/** One model on its way here. */
class Pull {
  readonly #id: HubId;
  readonly #options: PullOptions;
  readonly #http: HubHttp;
  readonly #repository: Repository;
  readonly #hubFolder: string;
  readonly #cache: RepositoryCache;

  constructor(id: HubId, options: PullOptions, environment: HubEnvironment, http: HubHttp, repository: Repository) {
    this.#id = id;
    this.#options = options;
    this.#http = http;
    this.#repository = repository;
    this.#hubFolder = environment.cacheFolder;
    this.#cache = new RepositoryCache(environment.cacheFolder, id.repository);
  }

  async run(): Promise<string> {
    const { name, commit, files } = this.#repository;
    const { type } = this.#options;
    const paths = files.map(({ path }) => path);
    const selection = selectFiles(name, paths, type);
    const selected = selection.paths.flatMap((path) => files.filter((file) => file.path === path));
    if (selection.kind === 'gguf') return this.#fetchGguf(selected);

    const target = (await findConverted(hubSource(name, commit), type)) ?? (await this.#fetchCheckpoint(selected));
    await rememberConverted(name, this.#id.revision, commit);
    return target;
  }

  async #fetchGguf(files: readonly RepositoryFile[]): Promise<string> {
    const bytes = await missingBytes(files, this.#cache, this.#repository.commit);
    const need = { folder: this.#hubFolder, bytes, what: 'the download' };
    await checkDiskSpace([need], 'Free some space, or choose another folder with HF_HUB_CACHE.');
    await confirmLarge({ model: formatHubId(this.#id), bytes, otherTypes: [] }, this.#options.confirm);
    await this.#download(files);
    return join(this.#cache.snapshot(this.#repository.commit), files[0]?.path ?? '');
  }

  /** Everything is checked before the weights, which are nearly all of the bytes, are fetched. Gives the path of the conversion. */
  async #fetchCheckpoint(files: readonly RepositoryFile[]): Promise<string> {
    await this.#download(files);
    const { commit, name } = this.#repository;
    const { signal, type: wanted, deleteShards = false, templateOptional } = this.#options;
    const store = new HubShardStore(this.#repository, this.#cache, this.#http, signal);
    const checkpoint = await openCheckpoint(new CheckpointFiles(this.#cache.snapshot(commit)), {
      templateOptional,
      rewardToken: knownRewardToken(name),
      readTensors: (config, from) => {
        this.#options.onProgress?.({ label: 'Reading what the weights are' });
        return readStoredTensors(config, from, store);
      },
    });
    const shardNames = new Set([...checkpoint.tensors.values()].map(({ file }) => file));
    const shards = [...shardNames].map((shard) => store.file(shard));
    const source = { repository: name, revision: commit };
    const converted = plannedConversion(checkpoint, { type: wanted, source });
    const target = convertedPath(hubSource(name, commit), converted.type);
    const missing = await missingBytes(shards, this.#cache, commit);
    await removeAbandoned([target]);
    await this.#checkSpace(shards, missing, converted.bytes);
    const model = formatHubId(this.#id);
    const otherTypes = await convertedTypes(hubSource(name, commit));
    await confirmLarge({ model, bytes: missing, converted, otherTypes }, this.#options.confirm);

    if (deleteShards) {
      await this.#streamConversion(checkpoint, target, missing);
    } else {
      await this.#download(shards);
      await convertSnapshot(this.#id, commit, checkpoint, this.#options);
    }
    return target;
  }

  async #checkSpace(shards: readonly RepositoryFile[], missing: number, convertedBytes: number): Promise<void> {
    const converted = { folder: convertedModelsFolder(), bytes: convertedBytes, what: 'the converted model' };
    const streamed = Math.min(twoLargest(shards), missing);
    if (this.#options.deleteShards === true) {
      const need = { folder: convertedModelsFolder(), bytes: streamed, what: 'two shards of the checkpoint' };
      await checkDiskSpace([need, converted], 'Free some space, or choose another folder with INFORM_CACHE_DIR.');
      return;
    }
    await checkDiskSpace(
      [{ folder: this.#hubFolder, bytes: missing, what: 'the download' }, converted],
      'Free some space, choose other folders with HF_HUB_CACHE and INFORM_CACHE_DIR, or use inform-score pull ' +
        `--delete-shards, which needs ${formatBytes(streamed + convertedBytes)} in all.`,
    );
  }

  async #download(files: readonly RepositoryFile[]): Promise<void> {
    await downloadFiles(this.#repository, files, this.#cache, this.#http, this.#options);
    await this.#cache.remember(this.#id.revision, this.#repository.commit);
  }

  async #streamConversion(checkpoint: Checkpoint, target: string, missing: number): Promise<void> {
    const { type, signal, onProgress } = this.#options;
    const { name, commit } = this.#repository;
    let fraction = 0;
    const show = (): void => {
      onProgress?.({ label: 'Downloading and converting', fraction, timeLeft: true, details: transfer.details });
    };
    const transfer = new Transfer(missing, show);
    const shards = new StreamedShards(join(hubSource(name, commit).folder, 'shards'), {
      repository: this.#repository,
      cache: this.#cache,
      http: this.#http,
      transfer,
    });
    try {
      await convertOnce(target, this.#options, async () => {
        const made = await convertCheckpoint(checkpoint, target, {
          type,
          shards,
          source: { repository: name, revision: commit },
          signal,
          onProgress: ({ bytesDone, totalBytes }) => {
            fraction = bytesDone / totalBytes;
            show();
          },
        });
        await shards.removeFolder();
        return made;
      });
    } catch (error) {
      throw shards.deleted === 0 ? error : startsAnew(error, shards.deleted);
    } finally {
      await shards.stop();
    }
  }
}

/** The most of a checkpoint that is on the disk at once where each shard is deleted once it is converted. */
export function twoLargest(files: readonly RepositoryFile[]): number {
  const [first = 0, second = 0] = files.map(({ size }) => size).sort((a, b) => b - a);
  return first + second;
}

/** What a conversion that ended early has lost, told with the reason. */
function startsAnew(error: unknown, deleted: number): unknown {
  if (!(error instanceof InformError)) return error;
  const shards = deleted === 1 ? 'one shard that was deleted is' : `${deleted} shards that were deleted are`;
  const again = `The conversion begins anew next time, and ${shards} fetched again; without --delete-shards they would stay.`;
  return new InformError(error.code, `${error.message} ${again}`, { cause: error.cause });
}
