/** What decides about a run's scores. Two runs with the same fingerprint may share a journal, and shards go together. */
export interface Fingerprint {
  /** Of inform-score. */
  version: string;
  model: ModelFingerprint;
  /** The score head, where it lies in a file of its own. */
  head?: FileFingerprint | undefined;
  /** The chat template, where it is not the model's own. */
  template?: FileFingerprint | undefined;
  /** By their names in a configuration file. */
  options: Record<string, string | number | boolean>;
  /** Which part of the rows, as `formatShard` has it; undefined for all of them. */
  shard?: string | undefined;
  inputs: InputFingerprint[];
}

export interface FileFingerprint {
  /** Its name, for people; where it lies does not matter. */
  file: string;
  /** SHA-256. */
  digest: string;
}

export interface ModelFingerprint extends FileFingerprint {
  bytes: number;
  /** When the file was changed last, ISO 8601. */
  modified: string;
  /** SHA-256 of the tensors' data, or of much of it; see `digestModel`. undefined in journals of version 0.1. */
  content?: string | undefined;
}

/** An input; standard input and pipes have neither size nor hash, and are compared row by row instead. */
export interface InputFingerprint {
  /** As given. */
  file: string;
  bytes?: number | undefined;
  sha256?: string | undefined;
}
