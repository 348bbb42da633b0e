import type { ConfirmDownload } from '../models/confirm-download.js';
import { isDatasetUrl } from '../models/hub/hub-id.js';
import type { Reporter } from './reporter.js';

export interface FetchContext {
  readonly confirm?: ConfirmDownload | undefined;
  readonly signal: AbortSignal;
  readonly reporter: Reporter;
}

/** The inputs with the files of the hub's data sets in place of those. */
export async function fetchDatasets(
  inputs: readonly string[],
  { confirm, signal, reporter: { update, note, clear } }: FetchContext,
): Promise<string[]> {
  const found: string[] = [];
  for (const input of inputs) {
    if (!isDatasetUrl(input)) {
      found.push(input);
      continue;
    }
    const { datasetFiles } = await import('../models/hub/dataset.js');
    found.push(...(await datasetFiles(input, { signal, confirm, onProgress: update, onNote: note })));
  }
  clear();
  return found;
}
