import type { CommandModule } from 'yargs';
import { READY_MADE, type ReadyMade } from '../../backends/packages.js';

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
      const { addBackend } = await import('../../backends/manage.js');
      await addBackend(backend, cuda === undefined ? undefined : Number(cuda));
    },
  };
}

function listCommand(): CommandModule {
  return {
    command: 'list',
    describe: 'the GPU backends that are installed, and why one is not used',
    handler: async () => {
      const { listBackends } = await import('../../backends/manage.js');
      await listBackends();
    },
  };
}

function removeCommand(): CommandModule<object, { backend: ReadyMade }> {
  return {
    command: 'remove <backend>',
    describe: 'delete a backend that was added',
    builder: (argv) => argv.positional('backend', { choices: READY_MADE, demandOption: true, describe: 'its name' }),
    handler: async ({ backend }) => {
      const { removeBackend } = await import('../../backends/manage.js');
      await removeBackend(backend);
    },
  };
}
