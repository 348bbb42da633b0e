import { packageVersion } from '../../util/package-root.js';
import { commandModules } from '../command-list.js';
import { SCORE_FLAGS } from '../commands/score.js';
import { GROUPS, optionFlags, type HelpedFlag } from '../option-flags.js';
import { EXIT_CODES, guideOf } from './guide.js';
import { section, wrap, type Row, type Style } from './layout.js';

// The help of the program and of its main command. It is laid out here and not by yargs, which takes longer to load than all of this
// takes to print.

const PURPOSE = 'Scores instruction/response pairs with a reward model such as INF-ORM-Llama3.1-70B.';

const INPUTS: Row = [
  'FILES...',
  'files of samples, folders, patterns or hf://datasets/…: JSON, CSV, Parquet, also .gz, .zst, .xz; "-" is standard input',
];

export interface MainHelp extends Style {
  /** Every option, not just the usual ones. */
  readonly all: boolean;
  /** Whether it is about the command `score` alone. */
  readonly scoreOnly?: boolean;
}

export function mainHelp({ all, scoreOnly = false, ...style }: MainHelp): string {
  const { columns, bold } = style;
  const flags: [string, HelpedFlag][] = Object.entries({ ...optionFlags(), ...SCORE_FLAGS });
  const everything = all || scoreOnly;
  const options = Object.values(GROUPS).map(({ group }) => {
    const own = flags.filter(([, flag]) => flag.group === group && (everything || flag.usual === true));
    const rows = own.sort(byUse).map(([name, flag]): Row => [flagText(name, flag), explained(flag)]);
    return section(group, group === GROUPS.data.group ? [INPUTS, ...rows] : rows, style);
  });
  const { examples, page } = guideOf('score');
  const paragraphs = [
    `${bold('Usage:')} inform-score [score] FILES... -m MODEL [-o SCORES]`,
    wrap(`${PURPOSE} Version ${packageVersion()}.`, columns).join('\n'),
    ...(scoreOnly ? [] : [section('Commands:', commandRows(), style)]),
    ...options,
    section('Examples:', examples, style),
    wrap(
      everything
        ? 'Most of these are also keys of a configuration file (configs/all-options.yaml) and options of the API (docs/api.md).'
        : 'inform-score --help --all has every option, inform-score COMMAND --help is about one command.',
      columns,
    ).join('\n'),
    [...wrap(EXIT_CODES, columns), ...wrap(`Documentation: ${page}`, columns)].join('\n'),
  ];
  return `${paragraphs.join('\n\n')}\n`;
}

function commandRows(): Row[] {
  return commandModules(() => undefined).map(({ command, describe }) => {
    const [usage = ''] = [command].flat();
    return [usage.replace('[inputs..]', 'FILES...').replace(' [out]', ''), String(describe)];
  });
}

/** "-o, --output FILE", "--no-share". */
function flagText(name: string, { alias, value, choices, defaultDescription }: HelpedFlag): string {
  const long = defaultDescription === 'true' ? `--no-${name}` : `--${name}`;
  const shown = value ?? choices?.join('|');
  return `${alias === undefined ? '    ' : `-${String(alias)}, `}${long}${shown === undefined ? '' : ` ${shown}`}`;
}

function explained({ describe, short = describe, defaultDescription, default: fallback }: HelpedFlag): string {
  const shown = defaultDescription ?? (typeof fallback === 'string' ? fallback : undefined);
  if (shown === 'true') return `do not ${short}`;
  return shown === undefined || shown === 'false' ? short : `${short} [${shown}]`;
}

function byUse([, a]: [string, HelpedFlag], [, b]: [string, HelpedFlag]): number {
  return Number(b.usual === true) - Number(a.usual === true);
}
