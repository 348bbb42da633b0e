/** Hashes of the runs of `length` words in a text, 32 bits each; a shorter text is one run. */
export function shingleHashes(words: readonly string[], length: number): Uint32Array {
  const hashes = Uint32Array.from(words, hashWord);
  if (hashes.length === 0) return hashes;
  const count = Math.max(1, hashes.length - length + 1);
  const width = Math.min(length, hashes.length);
  return Uint32Array.from({ length: count }, (_, start) => {
    let hash = 0x9747b28c ^ width;
    for (let i = start; i < start + width; i++) hash = mix(hash ^ (hashes[i] ?? 0));
    return hash >>> 0;
  });
}

/** FNV-1a over UTF-16 units, 32 bits (Fowler, Noll, Vo: http://www.isthe.com/chongo/tech/comp/fnv/). */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** MurmurHash3's 32-bit finalizer, a permutation of all 32-bit numbers (Appleby, public domain). */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
