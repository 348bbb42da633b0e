import { PrefixTrie, type TrieNode } from './prefix-trie.js';

/**
 * The fewest tokens a prefix must add for its samples to be moved together. Fewer are shared where they happen to meet;
 * moving samples for them would gain little and hold back the scores of those in between.
 */
const WORTH_MOVING = 16;

/**
 * An order in which samples with a common prefix follow each other, at every level of prefixes; groups come in the order
 * of their first samples. Samples of equal tokens are one entry of the result.
 */
export function groupByPrefix<T extends { tokens: Int32Array }>(samples: readonly T[]): T[][] {
  const trie = new PrefixTrie<T>();
  for (const sample of samples) trie.insert(sample.tokens).values.push(sample);

  const order: T[][] = [];
  const waiting: Unit<T>[] = [{ group: trie.root, first: 0 }];
  for (let unit = waiting.pop(); unit !== undefined; unit = waiting.pop()) {
    if (unit.group) waiting.push(...unitsOf(unit.group));
    else order.push(unit.samples);
  }
  return order;
}

/** What stays together: the samples below a node, or samples of equal tokens. */
type Unit<T> = { first: number } & ({ group: TrieNode<T>; samples?: undefined } | { group?: undefined; samples: T[] });

/** The units below a node, the first one last, as a stack wants them. */
function unitsOf<T>(group: TrieNode<T>): Unit<T>[] {
  const units: Unit<T>[] = [];
  const open = [group];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const [sample] = node.values;
    if (sample !== undefined) units.push({ samples: node.values, first: node.first });
    for (const child of node.children.values()) {
      if (child.children.size > 0 && child.depth - group.depth >= WORTH_MOVING) {
        units.push({ group: child, first: child.first });
      } else {
        open.push(child);
      }
    }
  }
  return units.sort((a, b) => b.first - a.first);
}
