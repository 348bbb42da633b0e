import type { CommandModule } from 'yargs';
import { readPin, type BackendPackage } from '../../addon/llama-release.js';
import { READY_MADE, type ReadyMade } from '../../backends/packages.js';
import { counted, formatBytes } from '../../util/format.js';
import { runTask } from '../task.js';
import { printLines, say } from '../terminal.js';

/** Milliseconds between two looks at a download that does not say how far it is. */
const REDRAW_MS = 500;

interface AddArguments {
  backend: ReadyMade;
  cuda: '12' | '13' | undefined;
}

/** `inform-score backend add|list|remove` */
export function backendCommand(): CommandModule {
  return {
    command: 'backend',
    describe: 'ready-made GPU backends: add, list, remove',
    builder: (argv) =>
      argv
        .command(addCommand())
        .command(listCommand())
        .command(removeCommand())
        .demandCommand(1, 'Say which: add, list or remove.'),
    handler: () => undefined,
  };
}

function addCommand(): CommandModule<object, AddArguments> {
  return {
    command: 'add <backend>',
    describe: 'fetch a backend that the node-llama-cpp project built, and check that it loads',
    builder: (argv) =>
      argv
        .positional('backend', {
          choices: READY_MADE,
          demandOption: true,
          describe: 'cuda for NVIDIA, vulkan for any card',
        })
        .option('cuda', {
          choices: ['12', '13'] as const,
          requiresArg: true,
          describe: "CUDA's release (default: the one whose libraries are installed, else 13)",
        }),
    handler: async ({ backend, cuda }) => {
      const { addBackend } = await import('../../backends/add.js');
      const added = await runTask(async ({ signal, note, update }) => {
        let timer: NodeJS.Timeout | undefined;
        const onFetch = ({ what, spec, bytes }: BackendPackage): void => {
          const size = formatBytes(bytes);
          const release = readPin().release;
          note(`Fetching ${what} for llama.cpp ${release}: ${spec} (${size}), built by the node-llama-cpp project`);
          timer = setInterval(() => {
            update({ label: `Fetching ${what}`, details: [size] });
          }, REDRAW_MS);
        };
        try {
          return await addBackend({ backend, cuda: cuda === undefined ? undefined : Number(cuda), signal, onFetch });
        } finally {
          clearInterval(timer);
        }
      });
      say(`${added.file} (${formatBytes(added.package.moduleBytes)})`);
      say(
        'reason' in added.check
          ? `${backend} is installed, but cannot be used yet: ${added.check.reason}`
          : `${backend} is ready: ${added.check.devices.join(', ')}`,
      );
    },
  };
}

function listCommand(): CommandModule {
  return {
    command: 'list',
    describe: 'the GPU backends that are installed, and why one is not used',
    handler: async () => {
      const [{ findDevices }, { findUserBackendFolder }] = await Promise.all([
        import('../../addon/device-report.js'),
        import('../../addon/backend-folder.js'),
      ]);
      const { backends } = await findDevices();
      const folder = findUserBackendFolder()?.path;
      const into = folder === undefined ? '' : ` into ${folder}`;
      const none = `No GPU backend is installed. \`inform-score backend add cuda\` or \`vulkan\` fetches one${into}.`;
      const lines = backends.map(({ name, file, devices, reason }) => {
        return `${name}: ${reason ?? counted(devices, 'device')}\n  ${file}`;
      });
      printLines(`${lines.length === 0 ? none : lines.join('\n')}\n`);
    },
  };
}

function removeCommand(): CommandModule<object, { backend: ReadyMade }> {
  return {
    command: 'remove <backend>',
    describe: 'delete a backend that was added',
    builder: (argv) => argv.positional('backend', { choices: READY_MADE, demandOption: true, describe: 'its name' }),
    handler: async ({ backend }) => {
      const { removeBackend } = await import('../../backends/remove.js');
      say(`${await removeBackend(backend)} is removed`);
    },
  };
}
