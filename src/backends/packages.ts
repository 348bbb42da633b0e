// Ready-made GPU backends. They are built by the node-llama-cpp project (MIT) out of the release of llama.cpp that this
// package is built on, and lie in its npm packages; of those, the module of the backend is taken and nothing else.

/** llama.cpp's release, that of scripts/llama-source.mjs too. */
export const LLAMA_RELEASE = 'v0.5.0';

export const READY_MADE = ['cuda', 'vulkan'] as const;
export type ReadyMade = (typeof READY_MADE)[number];

export interface BackendPackage {
  readonly backend: ReadyMade;
  readonly platform: `${NodeJS.Platform}-${NodeJS.Architecture}`;
  /** For people. */
  readonly what: string;
  /** An npm package with its version. */
  readonly spec: string;
  /** Of its tarball, as npm states it. */
  readonly integrity: string;
  /** Of its tarball. */
  readonly bytes: number;
  /** The module inside the tarball. */
  readonly member: string;
  /** Of the module. */
  readonly moduleBytes: number;
  /** CUDA's release, whose runtime libraries the module needs. */
  readonly cuda?: number;
}

/** The first of a backend and platform is the one to take where nothing speaks for another. */
export const BACKEND_PACKAGES: readonly BackendPackage[] = [
  {
    backend: 'cuda',
    platform: 'linux-x64',
    what: 'CUDA 13',
    spec: '@node-llama-cpp/linux-x64-cuda@3.22.1',
    integrity: 'sha512-8rQCjyNNLZJUFit+YpjwlC4hwkKgOMIkB2wuycKBf8NU2O3ySKbiWZQ8aw9ku2nUTXjSnUIrE6KB88itduTBuA==',
    bytes: 142_898_030,
    member: 'package/bins/linux-x64-cuda/libggml-cuda.so',
    moduleBytes: 158_993_272,
    cuda: 13,
  },
  {
    backend: 'cuda',
    platform: 'linux-x64',
    what: 'CUDA 12',
    spec: '@node-llama-cpp/linux-x64-cuda-ext@3.22.1',
    integrity: 'sha512-4e5ajkiM2aR2WAdB/N/ACk4weEhHvOAIrzxZPsIX0xDFW5+6hhShuy1/vs88SK9NGdgAco9IyE28eYS0H1efpA==',
    bytes: 176_664_119,
    member: 'package/bins/linux-x64-cuda/fallback/libggml-cuda.so',
    moduleBytes: 374_450_984,
    cuda: 12,
  },
  {
    backend: 'vulkan',
    platform: 'linux-x64',
    what: 'Vulkan',
    spec: '@node-llama-cpp/linux-x64-vulkan@3.22.1',
    integrity: 'sha512-bBxqU+JOcBu1nb5Qj2zcMci+JByT1E8EajHvYodyNfVIPkEhXh+/HMwR1/BT7xP08YK0hks+kM8fglER0P8JEg==',
    bytes: 24_311_427,
    member: 'package/bins/linux-x64-vulkan/libggml-vulkan.so',
    moduleBytes: 43_255_472,
  },
];
