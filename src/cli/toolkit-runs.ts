import { InformError } from '../errors.js';
import type { PartialOptions } from '../options/merge.js';
import type { OdaConfig } from '../options/oda-config.js';
import { makeFoldersOf, writePointwise, type ScorerOutput } from '../run/oda-scores.js';
import { counted } from '../util/format.js';
import { ExitCode } from './exit-codes.js';

/**
 * Does what a configuration of OpenDataArena's toolkit says: a run for each of its scorers, and their scores in one file.
 *
 * @param output -o, which such a configuration has no place for
 * @param score a run; resolves to its exit code
 */
export async function scoreByToolkit(
  { runs, pointwise, notes }: OdaConfig,
  output: unknown,
  note: (line: string) => void,
  score: (options: PartialOptions, restart: boolean) => Promise<number>,
): Promise<number> {
  if (output !== undefined) {
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      'The configuration says output_path; leave -o out, or change it there.',
    );
  }
  for (const line of notes) note(line);
  const scorers = runs.map(({ name, options }): ScorerOutput => ({ name, output: String(options.output) }));
  await makeFoldersOf([pointwise, ...scorers.map((scorer) => scorer.output)]);
  let code: number = ExitCode.done;
  for (const { options, restart } of runs) code = Math.max(code, await score(options, restart));
  const rows = await writePointwise(pointwise, scorers);
  note(`${pointwise}: ${counted(rows, 'row')} with the scores of ${scorers.map(({ name }) => name).join(', ')}`);
  return code;
}
