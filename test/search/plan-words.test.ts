import { describe, expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { planWords } from "../../src/search/plan-words.ts";
import type { Corpus } from "../../src/storage/search-facts.ts";

const most = limits.wordMatchesMax;

function corpusOf(terms: readonly string[], required?: string): Corpus {
  return { textConfig: "english", chunkCount: 100_000, tokenCount: 7_000_000, terms, required, excluded: undefined };
}

describe("the words that are looked up", () => {
  it("are all of them if their chunks are few enough to look at", () => {
    expect(planWords([corpusOf(["mill", "river"])], [[most - 10, 10]])).toEqual({
      matches: [[{ corpus: 0, query: "'river' | 'mill'" }]],
      others: [],
      isCut: false,
    });
  });

  it("are the rarest, as many as fit", () => {
    expect(planWords([corpusOf(["common", "rare", "medium"])], [[9_000, 5, most - 5]])).toEqual({
      matches: [[{ corpus: 0, query: "'rare' | 'medium'" }]],
      others: [[{ corpus: 0, query: "'common'" }]],
      isCut: true,
    });
    expect(planWords([corpusOf(["common", "rare", "medium"])], [[9_000, 5, most - 4]])).toEqual({
      matches: [[{ corpus: 0, query: "'rare'" }]],
      others: [[{ corpus: 0, query: "'medium' | 'common'" }]],
      isCut: true,
    });
  });

  it("are those that stand together, and then the rarest, if each is too common", () => {
    expect(planWords([corpusOf(["common", "usual"])], [[9_000, most + 1]])).toEqual({
      matches: [[{ corpus: 0, query: "'usual' & 'common'" }], [{ corpus: 0, query: "'usual'" }]],
      others: [[{ corpus: 0, query: "'common'" }]],
      isCut: true,
    });
    expect(planWords([corpusOf(["common"])], [[9_000]])).toEqual({
      matches: [[{ corpus: 0, query: "'common'" }]],
      others: [],
      isCut: true,
    });
  });

  it("share what may be looked at between languages, in one lookup", () => {
    const corpora = [corpusOf(["mill", "river"]), { ...corpusOf(["muhl", "fluss"]), textConfig: "german" }];
    const frequencies = [
      [400, 9_000],
      [500, 100],
    ];
    expect(planWords(corpora, frequencies)).toEqual({
      matches: [
        [
          { corpus: 0, query: "'mill'" },
          { corpus: 1, query: "'fluss' | 'muhl'" },
        ],
      ],
      others: [[{ corpus: 0, query: "'river'" }]],
      isCut: true,
    });
    const common = frequencies.map((counts) => counts.map(() => 9_000));
    expect(planWords(corpora, common).matches[0]).toEqual([
      { corpus: 0, query: "'mill' & 'river'" },
      { corpus: 1, query: "'muhl' & 'fluss'" },
    ]);
  });

  it("are looked up under the phrases that a chunk has to hold", () => {
    expect(planWords([corpusOf(["old", "mill"], "('old' <-> 'mill')")], [[5, 5]]).matches).toEqual([
      [{ corpus: 0, query: "('old' | 'mill') & (('old' <-> 'mill'))" }],
    ]);
    const common = planWords([corpusOf(["old", "mill"], "('old' <-> 'mill')")], [[9_000, 8_000]]).matches;
    expect(common).toEqual([
      [{ corpus: 0, query: "('mill' & 'old') & (('old' <-> 'mill'))" }],
      [{ corpus: 0, query: "('mill') & (('old' <-> 'mill'))" }],
    ]);
  });

  it("are none where no chunk holds a word", () => {
    expect(planWords([corpusOf(["mill", "river"])], [[0, 0]])).toEqual({ matches: [], others: [], isCut: false });
    expect(planWords([corpusOf([])], [[]])).toEqual({ matches: [], others: [], isCut: false });
    expect(planWords([], [])).toEqual({ matches: [], others: [], isCut: false });
    expect(planWords([corpusOf(["mill", "river"])], [[0, 3]])).toEqual({
      matches: [[{ corpus: 0, query: "'river'" }]],
      others: [],
      isCut: false,
    });
  });

  it("are quoted, so that none of them is an operator", () => {
    expect(planWords([corpusOf(["it's", "a\\b", "!"])], [[1, 2, 3]]).matches).toEqual([
      [{ corpus: 0, query: "'it''s' | 'a\\\\b' | '!'" }],
    ]);
  });
});
