import type { GgufArray, GgufMetadata, GgufNumberType, GgufValue } from './types.js';

/** The value of a string key, or undefined where it is absent or of another type. */
export function stringAt(metadata: GgufMetadata, key: string): string | undefined {
  const entry = metadata.get(key);
  return entry?.type === 'string' ? entry.value : undefined;
}

/** The value of a numeric key, or undefined where it is absent, of another type or beyond 2^53. */
export function numberAt(metadata: GgufMetadata, key: string): number | undefined {
  const entry = metadata.get(key);
  return typeof entry?.value === 'number' ? entry.value : undefined;
}

/** The value of a bool key, or undefined where it is absent or of another type. */
export function boolAt(metadata: GgufMetadata, key: string): boolean | undefined {
  const entry = metadata.get(key);
  return entry?.type === 'bool' ? entry.value : undefined;
}

export function arrayAt(metadata: GgufMetadata, key: string): GgufArray | undefined {
  const entry = metadata.get(key);
  return entry?.type === 'array' ? entry : undefined;
}

/** The strings of an array key, or undefined where it is absent, of another type or was skipped. */
export function stringsAt(metadata: GgufMetadata, key: string): readonly string[] | undefined {
  const value = arrayAt(metadata, key)?.value;
  return Array.isArray(value) ? (value as readonly string[]) : undefined;
}

export function ggufNumber(type: GgufNumberType, value: number): GgufValue {
  return { type, value };
}

export function ggufString(value: string): GgufValue {
  return { type: 'string', value };
}

export function ggufBool(value: boolean): GgufValue {
  return { type: 'bool', value };
}

export function ggufStrings(value: readonly string[]): GgufValue {
  return { type: 'array', element: 'string', length: value.length, value };
}
