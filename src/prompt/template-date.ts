import { InformError } from '../errors.js';
import type { ModelOptions } from '../options/model-options.js';
import { parseDate, type CalendarDate } from './jinja/strftime.js';

/**
 * The day that chat templates write which ask for today's date; undefined where they write their own.
 *
 * @throws InformError INFORM_INVALID_CONFIG for what is no day
 */
export function templateDateOf({ templateDate }: Pick<ModelOptions, 'templateDate'>): CalendarDate | undefined {
  if (templateDate === undefined) return undefined;
  const date = parseDate(templateDate);
  if (date !== undefined) return date;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `template_date must be a day as YYYY-MM-DD, such as 2024-07-26, not ${JSON.stringify(templateDate.slice(0, 40))}.`,
  );
}
