import { InformError } from '../../errors.js';
import type { WantedType } from '../../gguf/model-types.js';
import type { ProgressStatus } from '../../util/progress-status.js';
import type { HubEnvironment } from './environment.js';
import { formatHubId, type HubId } from './hub-id.js';
import { HubHttp, type Patience } from './http.js';
import { openRepository, type Repository } from './repository.js';

export interface AskOptions {
  readonly type: WantedType;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((status: ProgressStatus) => void) | undefined;
  readonly patience?: Partial<Patience> | undefined;
}

/**
 * What the hub has of a model, and the connection to fetch it by.
 *
 * @param asking how the progress line begins
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_ABORTED
 */
export async function askHub(
  id: HubId,
  { type, signal, onProgress, patience }: AskOptions,
  environment: HubEnvironment,
  asking = 'Asking',
): Promise<{ http: HubHttp; repository: Repository }> {
  if (environment.offline) {
    throw new InformError(
      'INFORM_DOWNLOAD_FAILED',
      `${formatHubId(id)} is not in the cache${type === 'auto' ? '' : ` as ${type}`}, and HF_HUB_OFFLINE forbids to download it. Unset that, or name a file that is here.`,
    );
  }
  const { host } = new URL(environment.endpoint);
  const http = new HubHttp(environment, id.repository, patience, (failure) => {
    onProgress?.({ label: `Asking ${host}`, details: [`trying again: ${failure.message}`] });
  });
  onProgress?.({ label: `${asking} ${host} for ${id.repository}` });
  return { http, repository: await openRepository(id, environment.endpoint, http, signal) };
}
