/** Whether a JSON value stands for none: null, or a member that is not there. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
