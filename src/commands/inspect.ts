import type { CommandModule } from 'yargs';

interface InspectArguments {
  model: string;
  json: boolean;
}

/** `inform-score inspect model.gguf` */
export function inspectCommand(): CommandModule<object, InspectArguments> {
  return {
    command: 'inspect <model>',
    describe: 'say what a GGUF file holds: sizes, quantization, head, template, tokenizer, metadata',
    builder: (argv) =>
      argv
        .positional('model', { type: 'string', demandOption: true, describe: 'a GGUF file, or "demo"' })
        .option('json', { type: 'boolean', default: false, describe: 'print one JSON document' }),
    handler: async ({ model, json }) => {
      const [{ formatReport, inspectModel }, { resolveModel }] = await Promise.all([
        import('../inspect.js'),
        import('../model-source.js'),
      ]);
      const report = await inspectModel(await resolveModel(model));
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
    },
  };
}
