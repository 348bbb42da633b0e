// Loaded before the CLI to stand for a file system that keeps no locks: the addon's lock says so of every file.

type Addon = Record<string, unknown>;
type Open = (module: { exports: Addon }, ...rest: unknown[]) => void;

const { dlopen } = process as unknown as { dlopen: Open };
(process as unknown as { dlopen: Open }).dlopen = (module, ...rest) => {
  dlopen.call(process, module, ...rest);
  if ('lockFile' in module.exports) module.exports['lockFile'] = () => 'unsupported';
};
