import type { ConversionType } from '../gguf/model-types.js';
import { InformError } from '../errors.js';
import { formatBytes } from '../util/format.js';

/** A download that someone may want to think about. */
export interface DownloadPlan {
  /** The model's id. */
  readonly model: string;
  /** Still to be fetched. */
  readonly bytes: number;
  /** What the checkpoint becomes; undefined where GGUF files are fetched. */
  readonly converted?: { readonly type: ConversionType; readonly bytes: number } | undefined;
  /** Types in which the model is here already. */
  readonly otherTypes: readonly ConversionType[];
}

/** Whether to go on. */
export type ConfirmDownload = (plan: DownloadPlan) => boolean | Promise<boolean>;

/** Downloads of more bytes are asked about. */
const ASK_ABOVE_BYTES = 5e9;

/**
 * Asks before much is fetched. Without anyone to ask it refuses.
 *
 * @throws InformError INFORM_DOWNLOAD_REFUSED
 */
export async function confirmLarge(plan: DownloadPlan, confirm: ConfirmDownload | undefined): Promise<void> {
  if (plan.bytes <= ASK_ABOVE_BYTES) return;
  if (confirm === undefined) {
    const type = plan.converted === undefined ? '' : ` --type ${plan.converted.type}`;
    throw unasked(plan, `Fetch it ahead of time with: inform-score pull ${plan.model} --yes${type}`);
  }
  if (await confirm(plan)) return;
  throw new InformError('INFORM_DOWNLOAD_REFUSED', `The download of ${plan.model} was declined.`);
}

/** The error where nobody can be asked. */
export function unasked(plan: DownloadPlan, remedy: string): InformError {
  return new InformError('INFORM_DOWNLOAD_REFUSED', `${describePlan(plan)} ${remedy}`);
}

/** "infly/INF-ORM-Llama3.1-70B needs a download of 141.11 GB, which becomes 42.52 GB as q4_k_m." */
export function describePlan({ model, bytes, converted, otherTypes }: DownloadPlan): string {
  const becomes = converted === undefined ? '' : `, which becomes ${formatBytes(converted.bytes)} as ${converted.type}`;
  const others = otherTypes.length === 0 ? '' : ` It is here as ${otherTypes.join(', ')} already (--type).`;
  return `${model} needs a download of ${formatBytes(bytes)}${becomes}.${others}`;
}
