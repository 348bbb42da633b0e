import type { CommandModule } from 'yargs';
import {
  fileGigabytes,
  formatGigabytes,
  KNOWN_MODELS,
  pullCommandOf,
  TOLD_TYPES,
  type KnownModel,
} from '../../models/known-models.js';
import { JSON_FLAG } from '../shared-flags.js';
import { printJson, printLines } from '../terminal.js';

/** `inform-score models` */
export const modelsCommand: CommandModule<object, { json: boolean }> = {
  command: 'models',
  describe: 'list known reward models: class, size, licence, published results, and how to fetch them',
  builder: (argv) => argv.option('json', JSON_FLAG),
  handler: ({ json }) => {
    if (json) printJson(KNOWN_MODELS.map((model) => ({ ...model, gigabytes: sizes(model) })));
    else printLines(KNOWN_MODELS.map(described).join('\n'));
  },
};

function sizes(model: KnownModel): Record<string, number> {
  return Object.fromEntries(TOLD_TYPES.map((type) => [type, fileGigabytes(model, type)]));
}

function described(model: KnownModel): string {
  const { id, className, billions, licence, results } = model;
  const files = TOLD_TYPES.map((type) => `${formatGigabytes(fileGigabytes(model, type))} as ${type}`);
  const lines = [
    `${id}, ${billions} billion weights, licence ${licence}`,
    `  class     ${className}`,
    `  file      about ${files.join(', ')}; as much memory, and the KV cache`,
    ...results.map((result) => `  result    ${result}`),
    `  fetch     ${pullCommandOf(model)}`,
  ];
  return `${lines.join('\n')}\n`;
}
