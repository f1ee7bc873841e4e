/**
 * BERT's uncased WordPiece tokenizer, which the embedding model counts in: words are cleaned, lower-cased and stripped of accents, then
 * matched greedily against the vocabulary. Equal to `@huggingface/tokenizers` 0.2.0 without special tokens; that one copies the whole
 * text at every step and knows no offsets, this one walks it word by word.
 */
import { characterClass, ignoredClass, spaceClass, withoutAccents, wordClass } from "./character-classes.ts";
import {
  matchWord,
  parseVocabulary,
  type SpecialToken,
  specialTokenId,
  type WordPieceVocabulary,
} from "./wordpiece-vocabulary.ts";

/** A word of a text: a half-open range of UTF-16 units, and how many tokens it takes. */
export interface WordSpan {
  readonly start: number;
  readonly end: number;
  readonly tokenCount: number;
}

export interface WordPieceTokenizer {
  readonly clsId: number;
  readonly sepId: number;
  readonly padId: number;
  readonly unknownId: number;
  /** Token ids of a text, without [CLS] and [SEP]. */
  encodeIds(text: string): number[];
  /** The length of `encodeIds(text)`, without building it. */
  countTokens(text: string): number;
  /**
   * The first words of `text.slice(start, end)`, taken as a text of its own (a word that `end` cuts counts as what is left of it).
   * Stops before the word with which they would exceed `tokensMax`; `stop` is where that word begins, or `end`.
   */
  firstWords(text: string, range: { start: number; end: number; tokensMax: number }): { words: WordSpan[]; stop: number };
}

/** Part of a text that is tokenised as if it were the whole. */
interface TextPart {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Called with each word in turn; false ends the walk. */
type VisitWord = (start: number, end: number, ids: readonly number[]) => boolean;

interface WordReader {
  readonly vocabulary: WordPieceVocabulary;
  /** Ids by word as written, so that common words are normalised and matched once. */
  readonly cache: Map<string, readonly number[]>;
}

const cachedWordsMax = 20_000;
// V8 copies slices below 13 units; a longer key would keep the whole document that it was cut from alive.
const cachedUnitsMax = 12;
// Whether a capital sigma is final depends on the letters around it; text has no longer runs of marks in between.
const sigmaContextUnits = 32;

/** @throws StartupError if `tokenizerJson`, the text of a `tokenizer.json`, is not of an uncased BERT model. */
export function loadTokenizer(tokenizerJson: string): WordPieceTokenizer {
  const vocabulary = parseVocabulary(tokenizerJson);
  const reader: WordReader = { vocabulary, cache: new Map() };
  return {
    clsId: specialTokenId(vocabulary.specialTokens, "[CLS]"),
    sepId: specialTokenId(vocabulary.specialTokens, "[SEP]"),
    padId: specialTokenId(vocabulary.specialTokens, "[PAD]"),
    unknownId: vocabulary.unknownId,
    encodeIds: (text) => {
      const ids: number[] = [];
      walkWords(reader, { text, start: 0, end: text.length }, (_start, _end, wordIds) => {
        for (const id of wordIds) ids.push(id);
        return true;
      });
      return ids;
    },
    countTokens: (text) => {
      let count = 0;
      walkWords(reader, { text, start: 0, end: text.length }, (_start, _end, wordIds) => {
        count += wordIds.length;
        return true;
      });
      return count;
    },
    firstWords: (text, { start, end, tokensMax }) => {
      const words: WordSpan[] = [];
      let stop = end;
      let tokensLeft = tokensMax;
      walkWords(reader, { text, start, end }, (wordStart, wordEnd, wordIds) => {
        tokensLeft -= wordIds.length;
        if (tokensLeft < 0) {
          stop = wordStart;
          return false;
        }
        words.push({ start: wordStart, end: wordEnd, tokenCount: wordIds.length });
        return true;
      });
      return { words, stop };
    },
  };
}

function walkWords(reader: WordReader, part: TextPart, visit: VisitWord): void {
  const { text, end } = part;
  let wordStart = -1;
  let at = part.start;
  while (at < end) {
    const unit = text.charCodeAt(at);
    const codePoint = unit >= 0xd800 && unit < 0xdc00 && at + 1 < end ? (text.codePointAt(at) ?? unit) : unit;
    const kind = characterClass(codePoint);
    let next = at + (codePoint > 0xffff ? 2 : 1);
    if (kind === wordClass) {
      if (wordStart < 0) wordStart = at;
    } else if (kind !== ignoredClass) {
      if (wordStart >= 0 && !visit(wordStart, at, idsOfWord(reader, part, wordStart, at))) return;
      wordStart = -1;
      if (kind !== spaceClass) {
        const special = unit === 0x5b ? specialTokenAt(reader.vocabulary.specialTokens, part, at) : undefined;
        if (special !== undefined) next = at + special.content.length;
        if (!visit(at, next, special === undefined ? idsOfWord(reader, part, at, next) : [special.id])) return;
      }
    }
    at = next;
  }
  if (wordStart >= 0) visit(wordStart, end, idsOfWord(reader, part, wordStart, end));
}

function specialTokenAt(specialTokens: readonly SpecialToken[], part: TextPart, at: number): SpecialToken | undefined {
  return specialTokens.find(({ content }) => at + content.length <= part.end && part.text.startsWith(content, at));
}

function idsOfWord(reader: WordReader, part: TextPart, start: number, end: number): readonly number[] {
  const written = part.text.slice(start, end);
  const cached = reader.cache.get(written);
  if (cached !== undefined) return cached;
  const hasSigma = written.includes("Σ");
  const lowerCased = hasSigma ? lowerCaseInContext(part, start, end) : withoutIgnored(written).toLowerCase();
  const ids = matchWord(reader.vocabulary, withoutAccents(lowerCased));
  if (written.length <= cachedUnitsMax && !hasSigma) {
    if (reader.cache.size >= cachedWordsMax) reader.cache.clear();
    reader.cache.set(written, ids);
  }
  return ids;
}

/** "Σ" becomes "ς" at the end of a word and "σ" elsewhere, and JavaScript's notion of the end looks past punctuation. */
function lowerCaseInContext({ text, start: partStart, end: partEnd }: TextPart, start: number, end: number): string {
  const before = withoutIgnored(text.slice(Math.max(partStart, start - sigmaContextUnits), start));
  const after = withoutIgnored(text.slice(end, Math.min(partEnd, end + sigmaContextUnits)));
  const lowerCased = (before + withoutIgnored(text.slice(start, end)) + after).toLowerCase();
  return lowerCased.slice(before.toLowerCase().length, lowerCased.length - after.toLowerCase().length);
}

/** Drops what the normaliser drops before it lower-cases, which tabs and line ends are not; accents, dropped after it, do no harm meanwhile. */
function withoutIgnored(text: string): string {
  return text.replace(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu, "");
}
