import type { CommandModule } from 'yargs';

interface AttachArguments {
  backbone: string;
  head: string;
  output: string;
  overwrite: boolean;
}

/** `inform-score attach backbone.gguf --head CHECKPOINT -o model.gguf` */
export function attachCommand(): CommandModule<object, AttachArguments> {
  return {
    command: 'attach <backbone>',
    describe: 'give a GGUF that was converted without its score head that head back',
    builder: (argv) =>
      argv
        .positional('backbone', {
          type: 'string',
          demandOption: true,
          describe: 'the GGUF file without a head, or the first shard of a split one',
        })
        .option('head', {
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe:
            'a Hugging Face checkpoint folder, of which only config.json, the index and the shard with the head need be there, or a GGUF with the head',
        })
        .option('output', {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          demandOption: true,
          describe: 'the GGUF file to write',
        })
        .option('overwrite', { type: 'boolean', default: false, describe: 'replace an existing output' }),
    handler: async ({ backbone, head, output, overwrite }) => {
      const { runAttach } = await import('../run-attach.js');
      await runAttach(backbone, head, output, overwrite);
    },
  };
}
