import type { InformError } from '../errors.js';

/** The CLI's exit codes, which are API. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  someRejected: 3,
  /** Stopped in order, with more to do: start it again (EX_TEMPFAIL of sysexits.h). */
  requeue: 75,
  interrupted: 130,
} as const;

export function exitCodeOf({ code }: InformError): number {
  switch (code) {
    case 'INFORM_INVALID_CONFIG':
    case 'INFORM_INVALID_ARGUMENT':
    case 'INFORM_RUN_DIFFERS':
      return ExitCode.usage;
    case 'INFORM_SHARD_TAKEN':
      return ExitCode.requeue;
    case 'INFORM_ABORTED':
      return ExitCode.interrupted;
    default:
      return ExitCode.failed;
  }
}
