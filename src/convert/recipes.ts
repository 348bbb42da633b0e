import type { JsonObject } from './checkpoint-file.js';
import type { BackboneName } from './backbones.js';

// The classes of reward models that can be scored, one row each. What `convert`, `attach`, `pull` and `inspect` know of a
// class, and the list in docs/models.md, come from here. BOS follows the tokenizer's post-processor for all of them
// (tokenizer.ts).

/** A head's tensors, by the names of its Linear layers in the checkpoint. */
export interface HeadLayers {
  /** The layer before the ReLU; undefined for a head of one layer. */
  readonly hidden?: string;
  /** The layer that gives the reward. */
  readonly output: string;
  /** Which layers have a bias; 'maybe': where the checkpoint has one. */
  readonly bias: 'all' | 'maybe' | 'none';
  /** Whether it is one row of a language model's output matrix: that of the token whose logit is the reward. */
  readonly rowOfToken?: true;
}

/** Which token's state the head takes. */
type Reading =
  | 'last'
  /** The last one that is not `pad_token_id` of config.json: transformers' rule for its own classes. */
  | 'last_non_pad'
  /**
   * The last one; a sample that holds the pad token is refused. For classes of their own code, which could not be had: the
   * rules that such classes have agree where there is none.
   */
  | 'last_without_pad';

/** What a class of reward models adds to its backbone. */
export interface Recipe {
  /** The first of `architectures` in config.json. */
  readonly className: string;
  /** 'any': the one that `model_type` of config.json names. */
  readonly backbone: BackboneName | 'any';
  readonly head: HeadLayers;
  /** The key of config.json that names the layer of a head of one layer, in place of the name here. */
  readonly headNameKey?: string;
  /** Whether `mean` and `std` of config.json make the reward a score, where it has `normalize_reward`. */
  readonly normalized?: true;
  /** Whether the head is a ValueHead as TRL has it, whose layers config.json may state (`vhead_layer_type`), as GRM's code does. */
  readonly isValueHead?: true;
  /** The file that holds the head where it is there; else the head is among the model's weights. */
  readonly headFile?: string | undefined;
  readonly reads: Reading;
  /** The token that the class's own code puts behind a text: its id, or the key of config.json that has it. */
  readonly suffixToken?: number | string;
  /** Whether that code has a text that begins with BOS tokenized as transformers' pipelines do, which put another before it. */
  readonly alwaysBos?: true;
  /** A model of this class, or who makes such models. */
  readonly example: string;
}

/** The file in which TRL and LLaMA-Factory save a value head. */
export const VALUE_HEAD_FILE = 'value_head.safetensors';

const SCORE: HeadLayers = { output: 'score', bias: 'maybe' };
const SCORE_TWO_LAYERS: HeadLayers = { hidden: 'score.0', output: 'score.2', bias: 'all' };
const VALUE_HEAD_TWO_LAYERS: HeadLayers = { hidden: 'v_head.summary.0', output: 'v_head.summary.2', bias: 'all' };
const LINEAR_VALUE_HEAD: HeadLayers = { output: 'v_head', bias: 'none' };
const LOGIT: HeadLayers = { output: 'lm_head', bias: 'none', rowOfToken: true };
const VALUE_HEAD: HeadLayers = { output: 'v_head.summary', bias: 'maybe' };

/** Llama 3's `<|reserved_special_token_1|>`, the CLS token of Athene's tokenizer. */
const ATHENE_CLS = 128003;

/** Its pipeline puts CLS behind the text, and the class reads the last one. */
const ATHENE = {
  backbone: 'llama',
  head: LINEAR_VALUE_HEAD,
  reads: 'last',
  suffixToken: ATHENE_CLS,
  alwaysBos: true,
} as const;

export const RECIPES: readonly Recipe[] = [
  {
    className: 'INFORMForSequenceClassification',
    backbone: 'llama',
    head: SCORE_TWO_LAYERS,
    reads: 'last',
    example: 'infly/INF-ORM-Llama3.1-70B',
  },
  {
    className: 'LlamaForSequenceClassification',
    backbone: 'llama',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'Skywork/Skywork-Reward-V2-Llama-3.1-8B',
  },
  {
    className: 'MistralForSequenceClassification',
    backbone: 'mistral',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'reward models on Mistral 7B and Zephyr',
  },
  {
    className: 'Qwen3ForSequenceClassification',
    backbone: 'qwen3',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'Skywork/Skywork-Reward-V2-Qwen3-8B',
  },
  {
    className: 'Qwen2ForSequenceClassification',
    backbone: 'qwen2',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'Qwen 2 and 2.5 with one label',
  },
  {
    className: 'Qwen2ForRewardModel',
    backbone: 'qwen2',
    head: SCORE_TWO_LAYERS,
    reads: 'last_without_pad',
    example: 'Qwen/Qwen2.5-Math-RM-72B',
  },
  {
    className: 'Gemma2ForSequenceClassification',
    backbone: 'gemma2',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'Skywork/Skywork-Reward-Gemma-2-27B-v0.2',
  },
  {
    className: 'Gemma3TextForSequenceClassification',
    backbone: 'gemma3',
    head: SCORE,
    reads: 'last_non_pad',
    example: 'Gemma 3 270M and 1B with one label',
  },
  valueHeadOf('LlamaForCausalLM', 'llama', 'Ray2333/GRM-llama3-8B-sftreg; value heads of TRL and LLaMA-Factory'),
  valueHeadOf('MistralForCausalLM', 'mistral'),
  valueHeadOf('Qwen2ForCausalLM', 'qwen2'),
  valueHeadOf('Qwen3ForCausalLM', 'qwen3'),
  valueHeadOf('Gemma2ForCausalLM', 'gemma2'),
  valueHeadOf('Gemma3ForCausalLM', 'gemma3'),
  {
    className: 'RewardModel',
    backbone: 'any',
    head: { output: 'value_head', bias: 'none' },
    headNameKey: 'value_head_prefix',
    normalized: true,
    reads: 'last',
    example: 'reward models of OpenRLHF',
  },
  {
    className: 'GRewardModel',
    backbone: 'any',
    head: VALUE_HEAD_TWO_LAYERS,
    isValueHead: true,
    reads: 'last',
    example: "GRM's class as RewardBench calls it",
  },
  { ...ATHENE, className: 'CustomAutoModelForSequenceClassification', example: 'Nexusflow/Athene-RM-8B' },
  { ...ATHENE, className: 'AtheneForSequenceClassification', example: 'the same, saved by the class of its card' },
  {
    className: 'InternLM2ForRewardModel',
    backbone: 'internlm2',
    head: LINEAR_VALUE_HEAD,
    reads: 'last',
    suffixToken: 'reward_token_id',
    alwaysBos: true,
    example: 'internlm/internlm2-7b-reward',
  },
  {
    className: 'LlamaForCausalLM',
    backbone: 'llama',
    head: LOGIT,
    reads: 'last',
    example: 'nvidia/Llama-3.1-Nemotron-70B-Reward-HF',
  },
];

/** A language model that was saved with a value head. Without one it is no reward model. */
function valueHeadOf(className: string, backbone: BackboneName, example = 'the same'): Recipe {
  return {
    className,
    backbone,
    head: VALUE_HEAD,
    isValueHead: true,
    headFile: VALUE_HEAD_FILE,
    reads: 'last',
    example,
  };
}

/** Models of the hub whose reward is a token's logit. */
const REWARD_TOKENS: ReadonlyMap<string, number> = new Map([['nvidia/Llama-3.1-Nemotron-70B-Reward-HF', 0]]);

/** The token whose logit is the reward of a repository's model; undefined for all but the known ones. */
export function knownRewardToken(repository: string): number | undefined {
  return REWARD_TOKENS.get(repository);
}

const LANGUAGE_MODEL = /For(?:Causal|ConditionalGeneration)/;

/** Whether models of this class write text, unless they were given a head. */
export function isLanguageModel(className: string): boolean {
  return LANGUAGE_MODEL.test(className);
}

/** Classes that give no single reward, or not one that this package computes, and what they would need. */
const REFUSED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /Gating|Quantile|MultiObjective/,
    'has several objectives, weighed by a gating or quantile head; one Linear or Linear, ReLU, Linear with one output is what can be computed',
  ],
  [
    /ProcessRewardModel|TokenClassification/,
    'gives a score for each step or token; a head that gives one for the whole conversation is what can be computed',
  ],
  [
    /^Gemma3ForSequenceClassification$/,
    'has an image tower beside its text. Save its text model and head as a Gemma3TextForSequenceClassification',
  ],
  [/Moe|MixtralFor/, 'is a mixture of experts; its backbone is not supported yet'],
  [
    LANGUAGE_MODEL,
    'is a language model, which writes text instead of giving a score. Where the logit of a token is its reward, name that token (convert --reward-token 0); a judge that writes its verdict cannot be converted',
  ],
];

/** The rows of a class. */
export function recipesOf(className: unknown): readonly Recipe[] {
  return RECIPES.filter((recipe) => recipe.className === className);
}

/** A row with the head as config.json has it. */
export function withStatedHead(recipe: Recipe, config: JsonObject): Recipe {
  const name = recipe.headNameKey === undefined ? undefined : config[recipe.headNameKey];
  if (typeof name === 'string' && name !== '') return { ...recipe, head: { ...recipe.head, output: name } };
  const type = recipe.isValueHead === true ? config['vhead_layer_type'] : undefined;
  if (type === 'linear') return { ...recipe, head: VALUE_HEAD };
  return type === 'mlp' ? { ...recipe, head: VALUE_HEAD_TWO_LAYERS } : recipe;
}

/** Why a class that has no row cannot be converted, to follow its name; and which ones can. */
export function refusalOf(className: string): string {
  const [, why] = REFUSED.find(([pattern]) => pattern.test(className)) ?? [];
  const plain = RECIPES.filter(({ head, headFile }) => head.rowOfToken !== true && headFile === undefined);
  const withHead = RECIPES.filter(({ headFile }) => headFile !== undefined);
  const names = plain.map(({ className: name }) => name).join(', ');
  const kinds = withHead.map(({ className: name }) => name.replace('ForCausalLM', '')).join('|'); // messages have an end
  return `${why ?? 'is no class of reward models that can be converted'}. These can be: ${names}; with v_head.summary or a ${VALUE_HEAD_FILE}: (${kinds})ForCausalLM; with --reward-token: LlamaForCausalLM`;
}

/** The names that a head's tensors may have. */
export function headTensorNames({ hidden, output }: HeadLayers): string[] {
  return [hidden, output].flatMap((layer) => (layer === undefined ? [] : [`${layer}.weight`, `${layer}.bias`]));
}
