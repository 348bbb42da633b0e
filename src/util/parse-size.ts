import { InformError } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = { M: 1e6, G: 1e9, T: 1e12, MI: 2 ** 20, GI: 2 ** 30, TI: 2 ** 40 };

/**
 * The bytes of a size such as `48G`, `1.5GB` or `500M`: decimal units, as llama.cpp's tools and the hubs' limits have them; `24GiB`
 * in binary ones, as graphics cards are sold.
 *
 * @param label how the user knows the option
 * @throws InformError INFORM_INVALID_CONFIG
 */
export function parseSize(text: string, label: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([MGT]i?)B?$/i.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit?.toUpperCase() ?? ''] ?? NaN);
  if (bytes > 0) return Math.floor(bytes);
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `${label} must be a size such as 48G, 500M or 24GiB, but is ${JSON.stringify(text)}.`,
  );
}
