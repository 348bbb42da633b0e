import { InformError } from '../../errors.js';

/** The parts of the free memory that are planned with, one after the other; 0 is a plan without GPUs. */
const PARTS = [1, 0.9, 0.8, 0.65, 0.5, 0.3, 0];

/**
 * Loads by the first plan that can be loaded. Where memory does not suffice after all (another program took some, or the
 * estimate was wrong), the next plan is for less of it: fewer layers, smaller micro-batches, at last none of the GPU.
 *
 * @param planFor the plan for a part of the free memory, undefined where there is none
 * @param sameAs whether a plan would only do again what has failed
 * @param onStep told before each attempt but the first
 * @throws what loading throws, unless it is INFORM_OUT_OF_MEMORY and a plan for less memory is left
 */
export async function loadWithFallback<Plan, Loaded>(
  planFor: (part: number) => Promise<Plan | undefined>,
  load: (plan: Plan) => Promise<Loaded>,
  sameAs: (a: Plan, b: Plan) => boolean,
  onStep: (next: Plan, failure: InformError) => void,
): Promise<Loaded> {
  let failed: { plan: Plan; error: InformError } | undefined;
  for (const part of PARTS) {
    const plan = await planFor(part);
    if (plan === undefined || (failed && sameAs(plan, failed.plan))) continue;
    if (failed) onStep(plan, failed.error);
    try {
      return await load(plan);
    } catch (error) {
      if (!(error instanceof InformError) || error.code !== 'INFORM_OUT_OF_MEMORY') throw error;
      failed = { plan, error };
    }
  }
  throw failed?.error ?? new InformError('INFORM_INTERNAL', 'There is no plan to load the model by.');
}
