/**
 * Cuts a row of layers into one run for each device, such that the fullest device is as empty as can be.
 *
 * @param loads bytes that each layer takes
 * @param rooms bytes that each device has
 * @param strict whether a device may hold no more than it has room for
 * @returns layers of each device, or undefined where they do not fit
 */
export function splitLayers(loads: readonly number[], rooms: readonly number[], strict: boolean): number[] | undefined {
  let most = 1;
  let counts = fill(loads, rooms, most);
  for (; !counts && !strict && most < OVERFULL; counts = fill(loads, rooms, most)) most *= 2;
  if (!counts) return undefined;
  for (let [low, high] = [0, most], step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    const found = fill(loads, rooms, middle);
    if (found) [counts, high] = [found, middle];
    else low = middle;
  }
  return counts;
}

/**
 * As llama.cpp cuts a row of layers by shares (tensor_split, llama-model.cpp): layer i of n belongs to the first device up to
 * which the shares come to more than i/n.
 */
export function splitLayersByShares(
  loads: readonly number[],
  rooms: readonly number[],
  shares: readonly number[],
  strict: boolean,
): number[] | undefined {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const counts = shares.map(() => 0);
  const used = shares.map(() => 0);
  for (const [i, load] of loads.entries()) {
    let sum = 0;
    const device = shares.findIndex((share) => (sum += share) / total > i / loads.length);
    counts[device] = (counts[device] ?? 0) + 1;
    used[device] = (used[device] ?? 0) + load;
  }
  return strict && used.some((bytes, device) => bytes > (rooms[device] ?? 0)) ? undefined : counts;
}

const STEPS = 40;

/** How full a device may be made by what the user demands: whatever it takes. */
const OVERFULL = 2 ** 60;

/** Fills one device after the other, each to a part of its room. */
function fill(loads: readonly number[], rooms: readonly number[], part: number): number[] | undefined {
  const counts: number[] = [];
  let at = 0;
  for (const room of rooms) {
    const start = at;
    let left = Math.max(0, room) * part;
    for (let load = loads[at]; load !== undefined && load <= left; load = loads[at]) {
      left -= load;
      at++;
    }
    counts.push(at - start);
  }
  return at === loads.length ? counts : undefined;
}
