import type { Options as YargsOptions } from 'yargs';
import type { PartialOptions } from '../options/merge.js';
import { checkOption, describeKind } from '../options/check.js';
import { kebabCase, OPTIONS, type OptionGroup, type OptionSpec } from '../options/table.js';

/** The groups of the help texts, in their order. */
export const GROUPS = {
  data: { group: 'Input and output:' },
  model: { group: 'Model:' },
  speed: { group: 'Speed:' },
  gpu: { group: 'GPU:' },
  run: { group: 'Run:' },
} as const satisfies Record<OptionGroup, YargsOptions>;

/** A flag with what the main help needs to know of it. */
export interface HelpedFlag extends YargsOptions {
  readonly describe: string;
  readonly group: string;
  /** What it is, without the values that it takes, where `value` says those. */
  readonly short?: string;
  /** Whether the short help has it, too. */
  readonly usual?: boolean;
  /** What stands for its value. */
  readonly value?: string;
}

/** Rows of the option table as yargs flags. `input` is missing: a command takes inputs as arguments, not as a flag. */
export function optionFlags(wanted: (spec: OptionSpec) => boolean = () => true): Record<string, HelpedFlag> {
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

function flagOf(spec: OptionSpec): HelpedFlag {
  const { kind, fallback, help, group, usual = false } = spec;
  // Strings throughout, so that a wrong value reaches our own check as it was typed; the default stays out of argv, so
  // that what was not typed does not hide what the configuration file says.
  return {
    ...GROUPS[group],
    usual,
    ...valueOf(spec),
    ...(kind.type === 'choice' && spec.value === undefined ? { short: help } : {}),
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

/** "N", "auto|left|right"; nothing for a switch. */
function valueOf({ kind, value }: OptionSpec): { value?: string } {
  if (value !== undefined) return { value };
  switch (kind.type) {
    case 'boolean':
      return {};
    case 'integer':
      return { value: 'N' };
    case 'choice':
      return { value: kind.choices.join('|') };
    case 'shares':
      return { value: 'SHARES' };
    case 'names':
    case 'strings':
      return { value: 'NAMES' };
    case 'map':
      return { value: 'FIELD=PATH,…' };
    case 'string':
      return { value: 'TEXT' };
  }
}
