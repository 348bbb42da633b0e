/** For people, on standard error: standard output is for results. */
export function log(message: string): void {
  process.stderr.write(`bench: ${message}\n`);
}
