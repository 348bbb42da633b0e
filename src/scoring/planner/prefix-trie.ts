/** A node of the trie: the end of one or more sequences, or a place where sequences part. */
export interface TrieNode<T> {
  /** Its sequence is the first `depth` of these tokens; those below are some sequence that runs through it. */
  readonly tokens: Int32Array;
  readonly depth: number;
  /** Which insertion, counted from 0, was the first that ran through here. */
  readonly first: number;
  /** By the first token after `depth`, in the order in which they came. */
  readonly children: Map<number, TrieNode<T>>;
  /** The values of the sequences that end here, in the order in which they came. */
  readonly values: T[];
}

const NO_TOKENS = new Int32Array();

/** Token sequences by their prefixes: a compressed trie (radix tree). */
export class PrefixTrie<T> {
  readonly root: TrieNode<T> = node(NO_TOKENS, 0, 0);
  #insertions = 0;

  /** How many of the leading tokens of `tokens` some sequence in here begins with. */
  match(tokens: Int32Array): number {
    let depth = 0;
    for (let at: TrieNode<T> | undefined = this.root; at !== undefined && depth === at.depth;) {
      at = at.children.get(tokens[depth] ?? NO_TOKEN);
      if (at) depth = commonPrefix(at.tokens, tokens, depth, at.depth);
    }
    return depth;
  }

  /** Makes room for a sequence and gives the node where it ends. */
  insert(tokens: Int32Array): TrieNode<T> {
    const first = this.#insertions++;
    let parent = this.root;
    while (parent.depth < tokens.length) {
      const key = tokens[parent.depth] ?? NO_TOKEN;
      const child = parent.children.get(key);
      if (!child) {
        const leaf = node<T>(tokens, tokens.length, first);
        parent.children.set(key, leaf);
        return leaf;
      }
      const common = commonPrefix(child.tokens, tokens, parent.depth, child.depth);
      if (common === child.depth) {
        parent = child;
        continue;
      }
      // They part inside of the edge. The new node takes the child's place among its siblings.
      const fork = node<T>(tokens, common, child.first);
      fork.children.set(child.tokens[common] ?? NO_TOKEN, child);
      parent.children.set(key, fork);
      parent = fork;
    }
    return parent;
  }
}

/** No token has this id. */
const NO_TOKEN = -1;

/** The length of the common prefix of two sequences that have their first `from` tokens in common, `limit` at most. */
export function commonPrefix(a: Int32Array, b: Int32Array, from = 0, limit = Infinity): number {
  const end = Math.min(a.length, b.length, limit);
  let length = from;
  while (length < end && a[length] === b[length]) length++;
  return length;
}

function node<T>(tokens: Int32Array, depth: number, first: number): TrieNode<T> {
  return { tokens, depth, first, children: new Map(), values: [] };
}
