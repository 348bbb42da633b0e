import { readPin, type BackendPackage } from '../addon/llama-release.js';

// Ready-made GPU backends. They are built by the node-llama-cpp project (MIT) out of the release of llama.cpp that this
// package is built on, and lie in its npm packages; of those, the module of the backend is taken and nothing else.

export const READY_MADE = ['cuda', 'vulkan'] as const;
export type ReadyMade = (typeof READY_MADE)[number];

/** The first of a backend and platform is the one to take where nothing speaks for another. */
export const BACKEND_PACKAGES: readonly BackendPackage[] = readPin().backends;
