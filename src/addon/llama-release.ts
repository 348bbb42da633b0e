import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../util/package-root.js';

/** An npm package with a backend built for the pinned release of llama.cpp. */
export interface BackendPackage {
  readonly backend: string;
  /** Node's platform and architecture, `linux-x64`. */
  readonly platform: string;
  /** Name for people, such as "CUDA 13". */
  readonly what: string;
  /** Name and version, as npm takes them. */
  readonly spec: string;
  /** Hash of the tarball, as npm states it. */
  readonly integrity: string;
  /** Size of the tarball in bytes. */
  readonly bytes: number;
  /** Path of the module inside the tarball. */
  readonly member: string;
  /** Size of the module in bytes. */
  readonly moduleBytes: number;
  /** Release of CUDA whose runtime libraries the module needs. */
  readonly cuda?: number;
}

interface Pin {
  readonly release: string;
  readonly version: string;
  readonly backends: readonly (Omit<BackendPackage, 'spec'> & { readonly package: string })[];
}

let pin: { readonly release: string; readonly backends: readonly BackendPackage[] } | undefined;

/** What native/llama.json pins: the release of llama.cpp that the addon is built from, and the backends that fit it. */
export function readPin(): NonNullable<typeof pin> {
  if (pin) return pin;
  const text = readFileSync(path.join(packageRoot(), 'native', 'llama.json'), 'utf8');
  const { release, version, backends } = JSON.parse(text) as Pin;
  pin = { release, backends: backends.map((entry) => ({ ...entry, spec: `${entry.package}@${version}` })) };
  return pin;
}
