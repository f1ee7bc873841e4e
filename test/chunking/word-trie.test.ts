import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildTrie, longestMatch } from "../../src/chunking/word-trie.ts";

describe("the trie", () => {
  it("finds the longest string of its set that a text holds at a place", () => {
    const entry = fc.string({ unit: fc.constantFrom("a", "b", "é", "👍"), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.uniqueArray(entry), fc.uniqueArray(entry), fc.array(entry), (first, second, texts) => {
        const sets = [first, second].map((entries) => new Map(entries.map((word, id) => [word, id])));
        const trie = buildTrie(sets);
        const text = texts.join("");
        for (const [root, set] of sets.entries()) {
          for (let start = 0; start < text.length; start += 1) {
            const longest = [...set.keys()].filter((word) => text.startsWith(word, start)).sort((a, b) => b.length - a.length)[0];
            const node = longestMatch(trie, root, text, start);
            expect(node < 0 ? undefined : trie.ids[node]).toBe(longest === undefined ? undefined : set.get(longest));
            if (longest !== undefined) expect(trie.depths[node]).toBe(longest.length);
          }
        }
      }),
    );
  });
});
