import { writePage as write } from '../report/page-frame.js';
import type { Comparison } from './compare.js';
import { comparisonPage } from './page.js';

/** @throws InformError INFORM_OUTPUT_UNWRITABLE */
export function writePage(output: string, comparison: Comparison): Promise<void> {
  return write(output, comparisonPage(comparison));
}
