// Text in columns, for the help.

/** A name and what it is. */
export type Row = readonly [left: string, right: string];

const INDENT = '  ';
/** A name wider than this has its explanation below it. */
const MOST_LEFT = 28;
const LEAST_RIGHT = 20;

/** A heading with rows below it, wrapped into `columns`. */
export function section(heading: string, rows: readonly Row[], { columns, bold }: Style): string {
  const left = Math.min(
    Math.max(...rows.map(([name]) => name.length)),
    MOST_LEFT,
    Math.max(columns - LEAST_RIGHT - INDENT.length - 2, 0),
  );
  const margin = INDENT.length + left + 2;
  const lines = rows.flatMap(([name, text]) => {
    const [first = '', ...more] = wrap(text, Math.max(columns - margin, LEAST_RIGHT));
    const below = more.map((line) => ' '.repeat(margin) + line);
    return name.length <= left
      ? [`${INDENT}${name.padEnd(left)}  ${first}`.trimEnd(), ...below]
      : [`${INDENT}${name}`, ' '.repeat(margin) + first, ...below];
  });
  return [bold(heading), ...lines].join('\n');
}

/** A text in lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

export interface Style {
  readonly columns: number;
  readonly bold: (text: string) => string;
}
