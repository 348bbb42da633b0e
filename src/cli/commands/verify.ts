import type { Argv, CommandModule } from 'yargs';
import { InformError } from '../../errors.js';
import type { PublishedScore } from '../../models/card/published-scores.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { numberOf } from '../numbers.js';
import { belongsToModel, optionFlags, optionsFromFlags } from '../option-flags.js';
import { CONFIG, JSON_FLAG, YES } from '../shared-flags.js';
import { runTask, type Task } from '../task.js';
import { printJson, printLines } from '../terminal.js';
import type { Verification } from '../verify-text.js';

interface VerifyArguments {
  model: string;
  card?: string;
  tolerance?: string;
  config?: string;
  json: boolean;
  yes: boolean;
  [flag: string]: unknown;
}

/** `inform-score verify <model>` */
export function verifyCommand(finish: Finish): CommandModule<object, VerifyArguments> {
  return {
    command: 'verify <model>',
    describe: "score the conversation of a model's card, beside the score that the card publishes",
    builder: (argv) =>
      argv
        .positional('model', {
          type: 'string',
          demandOption: true,
          describe: 'a GGUF file, a checkpoint folder, or the id of a Hugging Face model',
        })
        .option('card', {
          type: 'string',
          requiresArg: true,
          describe: "the card's file, where it is not the one of the folder or the repository",
        })
        .option('tolerance', {
          type: 'string',
          requiresArg: true,
          describe: 'how far a score may be from the published one; else half a point and two grains of bf16',
        })
        .option('config', CONFIG)
        .options(optionFlags((spec) => belongsToModel(spec) && spec.key !== 'model'))
        .option('json', JSON_FLAG)
        .option('yes', YES) as unknown as Argv<VerifyArguments>,
    handler: async (argv) => {
      const { formatVerification, isVerified } = await import('../verify-text.js');
      const verification = await runTask((task) => verify(argv, task));
      if (argv.json) printJson(verification);
      else printLines(formatVerification(verification));
      finish(isVerified(verification) ? ExitCode.done : ExitCode.failed);
    },
  };
}

async function verify(argv: VerifyArguments, { signal, update, clear }: Task): Promise<Verification> {
  const { model, card: named, config } = argv;
  const [
    { findCard },
    { publishedScores },
    { RewardModel },
    { mergeOptions },
    { readConfig },
    { modelOptionsOf },
    { confirmOnTerminal },
  ] = await Promise.all([
    import('../../models/card/find-card.js'),
    import('../../models/card/published-scores.js'),
    import('../../scoring/reward-model.js'),
    import('../../options/merge.js'),
    import('../../options/config.js'),
    import('../../options/check.js'),
    import('../confirm.js'),
  ]);
  const options = modelOptionsOf(
    mergeOptions(config === undefined ? {} : await readConfig(config), optionsFromFlags(argv)),
  );
  const tolerance = toleranceOf(argv.tolerance);
  // The card first: it is small, and says whether there is anything to verify.
  const card = await findCard(model, named, { type: options.type, signal, onProgress: update });
  const published = publishedScores(card.text, card.name);
  await using loaded = await RewardModel.load(model, {
    ...options,
    signal,
    onProgress: update,
    confirmDownload: confirmOnTerminal({ yes: argv.yes, signal, beforeAsking: clear }),
  });
  const scores: Verification['scores'] = [];
  for await (const { score } of loaded.scoreAll(published.map(toSample), { signal })) {
    scores.push({ published: published[scores.length]?.score ?? NaN, score });
  }
  return { model, card: card.name, tolerance, scores };
}

function toSample({ messages }: PublishedScore): { messages: PublishedScore['messages'][number][] } {
  return { messages: [...messages] };
}

function toleranceOf(text: string | undefined): number | undefined {
  const tolerance = numberOf('--tolerance', text);
  if (tolerance === undefined || tolerance >= 0) return tolerance;
  throw new InformError('INFORM_INVALID_ARGUMENT', `--tolerance takes a number of points from 0 on, not "${text}".`);
}
