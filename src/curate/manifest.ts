import type { LengthModel } from './length-bias.js';

export const MANIFEST_FORMAT = 'inform-score select 1';

export interface HashedFile {
  path: string;
  sha256: string;
}

/** What a selection was made of and how: `select` writes it, `explain` checks and tells it. */
export interface Manifest {
  format: typeof MANIFEST_FORMAT;
  made_by: string;
  data: HashedFile[];
  scores?: HashedFile;
  against?: HashedFile[];
  criteria: Record<string, unknown>;
  /** Where the fields of a sample stand in a row. */
  map?: readonly string[];
  length_model?: LengthModel;
  rows: number;
  written: number;
  output: HashedFile;
  decisions: HashedFile;
}

export function decisionsOf(output: string): string {
  return `${stem(output)}.decisions.jsonl`;
}

export function manifestOf(output: string): string {
  return `${stem(output)}.manifest.json`;
}

function stem(output: string): string {
  return output.replace(/\.jsonl$/, '');
}
