/** The cells of the first table in a Markdown text whose heading row begins with this column. */
export function tableIn(text: string, column: string): string[][] {
  const [, rows = ''] = new RegExp(`\\n\\| ${column} .*\\n\\|[ -|]*\\n((?:\\|.*\\n)+)`).exec(text) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
