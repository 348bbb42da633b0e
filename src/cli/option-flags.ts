import type { Options as YargsOptions } from 'yargs';
import type { PartialOptions } from '../options/config.js';
import { checkOption, describeKind } from '../options/check.js';
import { kebabCase, OPTIONS, type OptionSpec } from '../options/table.js';

/** Rows of the option table as yargs flags. `input` is missing: a command takes inputs as arguments, not as a flag. */
export function optionFlags(wanted: (spec: OptionSpec) => boolean = () => true): Record<string, YargsOptions> {
  const specs = flagSpecs().filter(wanted);
  return Object.fromEntries(specs.map((spec) => [kebabCase(spec.key), flagOf(spec)]));
}

/** Options that are not about rows and files: for commands whose rows have a form of their own. */
export function belongsToModel({ key, scope }: OptionSpec): boolean {
  return scope === 'model' || ['model', 'engineTimeout'].includes(key);
}

/** The options that were given as flags, checked. Throws INFORM_INVALID_CONFIG. */
export function optionsFromFlags(argv: Readonly<Record<string, unknown>>): PartialOptions {
  const options: PartialOptions = {};
  for (const spec of flagSpecs()) {
    const flag = kebabCase(spec.key);
    const value = argv[flag];
    if (value !== undefined) options[spec.key] = checkOption(spec, fromText(spec, value), `--${flag}`);
  }
  return options;
}

function flagSpecs(): OptionSpec[] {
  return OPTIONS.filter((spec) => spec.key !== 'input');
}

function flagOf(spec: OptionSpec): YargsOptions {
  const { kind, fallback, help } = spec;
  // Strings throughout, so that a wrong value reaches our own check as it was typed; the default stays out of argv, so
  // that what was not typed does not hide what the configuration file says.
  return {
    type: 'string',
    requiresArg: kind.type !== 'boolean',
    describe: kind.type === 'integer' || kind.type === 'choice' ? `${help} (${describeKind(kind)})` : help,
    ...(spec.alias === undefined ? {} : { alias: spec.alias }),
    ...(fallback === undefined ? {} : { defaultDescription: String(fallback) }),
  };
}

function fromText(spec: OptionSpec, value: unknown): unknown {
  if (spec.kind.type === 'boolean') return value === '' || value === 'true' ? true : value === 'false' ? false : value;
  return spec.kind.type === 'integer' && typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
}
