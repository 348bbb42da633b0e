import { CORE_SCHEMA, loadAll, YAMLException } from 'js-yaml';
import { InformError } from '../errors.js';
import { readNamedText } from '../util/files/bounded-text.js';
import { checkOption } from './check.js';
import type { PartialOptions } from './merge.js';
import { isOdaConfig, parseOdaConfig, type OdaConfig } from './oda-config.js';
import { OPTIONS, snakeCase } from './table.js';
import { unknownKey } from './unknown-key.js';

/** A configuration is a page of text; a larger file is a mistake. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * YAML's core schema has no tags that make objects of code, and knows no merge keys. Aliases may stand for values, but not for
 * the towers of lists that grow without end when someone walks through them: no option is a list of lists.
 */
const YAML_LIMITS = { schema: CORE_SCHEMA, maxDepth: 8, maxAliases: 32 };

/** Reads a YAML configuration, of our own or of OpenDataArena's toolkit. Throws INFORM_INVALID_CONFIG, INFORM_ABORTED. */
export async function readAnyConfig(path: string, signal?: AbortSignal): Promise<PartialOptions | OdaConfig> {
  const document = parseDocument(await readText(path, signal), path);
  return isOdaConfig(document) ? parseOdaConfig(document, path) : optionsOf(document, path);
}

/** Reads a YAML configuration. Throws INFORM_INVALID_CONFIG, INFORM_ABORTED. */
export async function readConfig(path: string, signal?: AbortSignal): Promise<PartialOptions> {
  return parseConfig(await readText(path, signal), path);
}

async function readText(path: string, signal?: AbortSignal): Promise<string> {
  const errors = {
    code: 'INFORM_INVALID_CONFIG',
    subject: `the configuration ${path}`,
    tooLarge: `${path} is larger than 1 MB, which no configuration file is. Check what -c names.`,
  } as const;
  return readNamedText(path, MAX_CONFIG_BYTES, errors, signal);
}

/** Checks a configuration's text; `path` is for messages. */
export function parseConfig(text: string, path: string): PartialOptions {
  return optionsOf(parseDocument(text, path), path);
}

function parseDocument(text: string, path: string): unknown {
  const [document, ...others] = parseYaml(text, path);
  if (others.length > 0) {
    throw new InformError('INFORM_INVALID_CONFIG', `${path} holds ${others.length + 1} YAML documents; keep one.`);
  }
  return document;
}

function optionsOf(document: unknown, path: string): PartialOptions {
  if (document === null || document === undefined) return {};
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new InformError('INFORM_INVALID_CONFIG', `${path} must hold "key: value" lines, but holds something else.`);
  }
  const options: PartialOptions = {};
  const known = OPTIONS.map((spec) => snakeCase(spec.key));
  for (const [key, value] of Object.entries(document)) {
    const spec = OPTIONS.find((candidate) => snakeCase(candidate.key) === key);
    if (!spec) throw unknownKey(key, known, `key in ${path}:`);
    // A key without a value is a key left at its default, as in a commented template.
    if (value !== null) options[spec.key] = checkOption(spec, value, `${key} in ${path}`);
  }
  return options;
}

function parseYaml(text: string, path: string): unknown[] {
  try {
    return loadAll(text, YAML_LIMITS);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? ` (line ${error.mark.line + 1})` : '';
    throw new InformError('INFORM_INVALID_CONFIG', `${path} is not valid YAML: ${error.reason}${line}.`, {
      cause: error,
    });
  }
}
