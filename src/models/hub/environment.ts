import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { cacheFolder as ownCacheFolder, homeFolder } from '../../util/cache-folder.js';
import { InformError, messageOf, systemCodeOf } from '../../errors.js';

/** What the environment says about the hub, by the same variables and defaults as Python's huggingface_hub. */
export interface HubEnvironment {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The cache that all Hugging Face tools share. */
  readonly cacheFolder: string;
  readonly token: string | undefined;
  readonly offline: boolean;
}

/**
 * Reads HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_TOKEN, HF_TOKEN_PATH and HF_HUB_OFFLINE.
 *
 * @throws InformError INFORM_INVALID_CONFIG; no message holds the token
 */
export async function readHubEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<HubEnvironment> {
  const home = folderIn(env, 'HF_HOME') ?? join(folderIn(env, 'XDG_CACHE_HOME') ?? defaultCaches(env), 'huggingface');
  const cacheFolder = folderIn(env, 'HF_HUB_CACHE') ?? folderIn(env, 'HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub');
  const tokenFile = folderIn(env, 'HF_TOKEN_PATH') ?? join(home, 'token');
  return {
    endpoint: endpointOf(valueOf(env, 'HF_ENDPOINT') ?? 'https://huggingface.co'),
    cacheFolder,
    token: checkToken(
      valueOf(env, 'HF_TOKEN') ?? valueOf(env, 'HUGGING_FACE_HUB_TOKEN') ?? (await readToken(tokenFile)),
    ),
    offline: ['1', 'ON', 'YES', 'TRUE'].includes((env['HF_HUB_OFFLINE'] ?? '').toUpperCase()),
  };
}

function valueOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function folderIn(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = valueOf(env, name);
  return value === undefined ? undefined : resolve(value.replace(/^~(?=$|[/\\])/, () => homeFolder() ?? '~'));
}

/** Below the home folder as Python's; a user without one has our own cache, or is told to name it. */
function defaultCaches(env: NodeJS.ProcessEnv): string {
  const home = homeFolder();
  return home === undefined ? ownCacheFolder(env) : join(home, '.cache');
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    // The value itself is not repeated: it may hold a password.
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      'HF_ENDPOINT must be an http or https address without user name and password. Correct or unset it.',
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function readToken(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw new InformError('INFORM_INVALID_CONFIG', `The token file ${file} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** A header with other characters is refused by fetch, whose message would repeat the token. */
function checkToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    'The Hugging Face token (HF_TOKEN or the token file) holds spaces or other characters that no token has. Copy it again.',
  );
}
