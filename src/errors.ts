/**
 * Every error a caller can meet. Messages may change between versions; codes are part of the API.
 * docs/errors.md gives each code's cause and remedy, and test/unit/errors.test.ts holds this list, that page
 * and the native header (native/engine/error_codes.def) together.
 */
export const ERROR_CODES = [
  'INFORM_INVALID_ARGUMENT',
  'INFORM_INVALID_CONFIG',
  'INFORM_INVALID_SAMPLE',
  'INFORM_INPUT_UNREADABLE',
  'INFORM_INPUT_CHANGED',
  'INFORM_OUTPUT_UNWRITABLE',
  'INFORM_OUTPUT_IN_USE',
  'INFORM_CANNOT_RESUME',
  'INFORM_FILE_CHANGED',
  'INFORM_JOURNAL_CHANGED',
  'INFORM_INVALID_SHARDS',
  'INFORM_RUN_DIFFERS',
  'INFORM_SHARD_TAKEN',
  'INFORM_SCORES_DO_NOT_FIT',
  'INFORM_MODEL_NOT_FOUND',
  'INFORM_DOWNLOAD_FAILED',
  'INFORM_DOWNLOAD_REFUSED',
  'INFORM_INVALID_MODEL_FILE',
  'INFORM_INVALID_CHECKPOINT',
  'INFORM_INVALID_IMATRIX',
  'INFORM_MODEL_LOAD_FAILED',
  'INFORM_MODEL_HAS_NO_HEAD',
  'INFORM_UNSUPPORTED_MODEL',
  'INFORM_TEMPLATE_FAILED',
  'INFORM_OUT_OF_MEMORY',
  'INFORM_DECODE_FAILED',
  'INFORM_ENGINE_CRASHED',
  'INFORM_QUANTIZE_FAILED',
  'INFORM_NON_FINITE_SCORE',
  'INFORM_ABORTED',
  'INFORM_CLOSED',
  'INFORM_BUSY',
  'INFORM_BINARY_NOT_FOUND',
  'INFORM_BUILD_FAILED',
  'INFORM_BACKEND_UNAVAILABLE',
  'INFORM_INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class of this package: a stable `code`, a sentence that says what to do next, and the `cause`. */
export class InformError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InformError';
    this.code = code;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's own code of an I/O failure (`ENOENT`, `EACCES`, …), where there is one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a system call changes or makes; the others look at something. */
const WRITING_CALLS = new Set(
  'copyfile fchmod fsync ftruncate fwrite link mkdir mkdtemp rename rmdir symlink truncate unlink utime write writev'.split(
    ' ',
  ),
);

/** What means that something cannot be written, whatever was called. */
const WRITING_CODES = new Set(['EDQUOT', 'EEXIST', 'EFBIG', 'ENOSPC', 'EROFS']);

/**
 * Anything thrown, as InformError. The addon's own codes are ours already. A failure of the system (a full disk, a folder that may not be
 * read) that nobody gave a better sentence is no bug; anything else is INFORM_INTERNAL.
 */
export function toInformError(error: unknown): InformError {
  if (error instanceof InformError) return error;
  const code = systemCodeOf(error);
  const known = ERROR_CODES.find((candidate) => candidate === code);
  if (known === undefined && code !== undefined && error instanceof Error && 'syscall' in error) {
    const isWriting = WRITING_CODES.has(code) || WRITING_CALLS.has(String(error.syscall));
    const what = isWriting ? 'Something could not be written' : 'Something could not be read';
    const message = `${what}: ${error.message}. Check the path, its permissions and the space on its disk.`;
    return new InformError(isWriting ? 'INFORM_OUTPUT_UNWRITABLE' : 'INFORM_INPUT_UNREADABLE', message, {
      cause: error,
    });
  }
  return new InformError(known ?? 'INFORM_INTERNAL', messageOf(error), { cause: error });
}
