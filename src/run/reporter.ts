import type { ProgressStatus } from '../util/progress-status.js';

/** How a run tells what it does; the command line shows it on a terminal. */
export interface Reporter {
  /** Shows how far the run is. */
  update: (status: ProgressStatus) => void;
  /** Says something that stays. */
  note: (line: string) => void;
  /** Takes the progress away before something else is shown. */
  clear: () => void;
}
