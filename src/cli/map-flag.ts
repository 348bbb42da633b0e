import { checkOption } from '../options/check.js';
import { OPTIONS, type RunOptions } from '../options/table.js';

/** `--map` for commands that read scored rows and have no other options of a run. */
export const MAP_FLAG = {
  type: 'string',
  requiresArg: true,
  describe: 'where the fields of a sample stand in a row, as the run had it: FIELD=PATH,…',
} as const;

/** @throws InformError INFORM_INVALID_CONFIG */
export function mapFrom(text: string | undefined): RunOptions['map'] {
  const spec = OPTIONS.find(({ key }) => key === 'map');
  return text === undefined || spec === undefined ? undefined : (checkOption(spec, text, '--map') as RunOptions['map']);
}
