/** The vocabulary of a WordPiece model and the greedy match of one word against it. */
import { StartupError } from "../domain/errors.ts";
import { buildTrie, longestMatch, type WordTrie } from "./word-trie.ts";

export interface WordPieceVocabulary {
  /** Entries by what may begin a word (root 0) and by what may continue it, without the prefix `##` (root 1). */
  readonly trie: WordTrie;
  /** Longer words are unknown. */
  readonly wordCharsMax: number;
  /** `[CLS]` and its like, which are one token where they stand literally in a text. */
  readonly specialTokens: readonly SpecialToken[];
  readonly unknownId: number;
}

export interface SpecialToken {
  readonly id: number;
  readonly content: string;
}

/** What is used of Hugging Face's `tokenizer.json`. */
interface TokenizerJson {
  readonly added_tokens: readonly SpecialToken[];
  readonly normalizer: { readonly type: string; readonly lowercase: boolean };
  readonly model: {
    readonly type: string;
    readonly continuing_subword_prefix: string;
    readonly max_input_chars_per_word: number;
    readonly vocab: Readonly<Record<string, number>>;
  };
}

/**
 * @param tokenizerJson text of a `tokenizer.json` with a BertNormalizer that lower-cases and a WordPiece model.
 * @throws StartupError if it is of another kind.
 */
export function parseVocabulary(tokenizerJson: string): WordPieceVocabulary {
  const { model, normalizer, added_tokens: addedTokens } = JSON.parse(tokenizerJson) as TokenizerJson;
  if (model.type !== "WordPiece" || normalizer.type !== "BertNormalizer" || !normalizer.lowercase) {
    throw new StartupError(
      `the tokenizer is ${model.type} with ${normalizer.type}; give the tokenizer.json of an uncased BERT model, which has WordPiece with BertNormalizer`,
    );
  }
  const specialTokens = addedTokens.map(({ id, content }) => ({ id, content }));
  const prefix = model.continuing_subword_prefix;
  const beginnings = new Map<string, number>();
  const continuations = new Map<string, number>();
  for (const [entry, id] of Object.entries(model.vocab)) {
    // Kept with its prefix too: the reference lets a word that is literally "##s" begin with it.
    beginnings.set(entry, id);
    if (entry.startsWith(prefix)) continuations.set(entry.slice(prefix.length), id);
  }
  return {
    trie: buildTrie([beginnings, continuations]),
    wordCharsMax: model.max_input_chars_per_word,
    specialTokens,
    unknownId: specialTokenId(specialTokens, "[UNK]"),
  };
}

/** @throws StartupError if the vocabulary has no such token. */
export function specialTokenId(specialTokens: readonly SpecialToken[], content: string): number {
  const found = specialTokens.find((token) => token.content === content);
  if (found === undefined)
    throw new StartupError(`the tokenizer has no ${content} token; its tokenizer.json is not of a BERT model`);
  return found.id;
}

/**
 * Ids of a normalised word: each the longest entry that fits at its place, or only the unknown id if at some place none fits or the
 * word is too long.
 */
export function matchWord(vocabulary: WordPieceVocabulary, word: string): number[] {
  // Code points are at most the units, so only a word with more units need be counted.
  if (word.length > vocabulary.wordCharsMax && [...word].length > vocabulary.wordCharsMax) return [vocabulary.unknownId];
  const { ids: idsByNode, depths } = vocabulary.trie;
  const ids: number[] = [];
  let start = 0;
  while (start < word.length) {
    const node = longestMatch(vocabulary.trie, start === 0 ? 0 : 1, word, start);
    if (node < 0) return [vocabulary.unknownId];
    ids.push(idsByNode[node] ?? vocabulary.unknownId);
    start += depths[node] ?? 1;
  }
  return ids;
}
