import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeJson } from '../../../tools/random-checkpoint/generate.js';
import { RandomStream } from '../../../tools/random-checkpoint/random.js';
import { safetensorsBytes } from './checkpoint.js';

// A LoRA adapter of a classifier over the language model of class-checkpoints.ts that is called `logit`. PEFT has merged it:
// test/reference/make_adapter_goldens.py.

/** The name of the base in CLASS_CHECKPOINTS. */
export const ADAPTER_BASE = 'logit';

const RANK = 4;
const HIDDEN = 64;

/** Rows and columns of the matrices that it changes, in each of the base's two layers; rows of q and k are interleaved. */
const CHANGED = { 'self_attn.q_proj': [64, 64], 'self_attn.k_proj': [32, 64], 'mlp.down_proj': [64, 176] } as const;

/** What adapter_config.json has beyond the usual, by the adapter's name. */
export const ADAPTERS: Readonly<Record<string, object>> = {
  plain: {},
  'rank-stabilized': { use_rslora: true },
};

/** Writes the adapter's folder, as PEFT saves it. */
export async function writeAdapter(folder: string, more: object): Promise<void> {
  await writeJson(folder, 'adapter_config.json', {
    base_model_name_or_path: 'owner/base',
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    lora_alpha: 16,
    modules_to_save: ['score'],
    peft_type: 'LORA',
    r: RANK,
    target_modules: Object.keys(CHANGED).map((name) => name.split('.')[1]),
    task_type: 'SEQ_CLS',
    use_dora: false,
    use_rslora: false,
    ...more,
  });
  await writeFile(path.join(folder, 'adapter_model.safetensors'), adapterBytes());
}

function adapterBytes(): Buffer {
  const shapes: [name: string, shape: number[]][] = [0, 1].flatMap((layer) =>
    Object.entries(CHANGED).flatMap(([module, [rows, columns]]): [string, number[]][] => [
      [`base_model.model.model.layers.${layer}.${module}.lora_A.weight`, [RANK, columns]],
      [`base_model.model.model.layers.${layer}.${module}.lora_B.weight`, [rows, RANK]],
    ]),
  );
  shapes.push(['base_model.model.score.weight', [1, HIDDEN]]);
  const header: Record<string, object> = {};
  const data: Buffer[] = [];
  const random = new RandomStream(1, 'adapter');
  let end = 0;
  for (const [name, shape] of shapes) {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => (random.next() >>> 22) / 2048 - 0.25); // exact, whatever the machine
    data.push(Buffer.from(values.buffer));
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + 4 * length] };
    end += 4 * length;
  }
  return safetensorsBytes(header, Buffer.concat(data));
}
