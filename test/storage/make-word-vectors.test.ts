import { describe, expect, it } from "vitest";
import { CancelledError } from "../../src/domain/errors.ts";
import { WordVectorMaker } from "../../src/storage/make-word-vectors.ts";
import { type PreparedDocument, storeDocuments } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { sketch } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const never = new AbortController().signal;

const texts: Readonly<Record<string, readonly string[]>> = {
  english: [
    "The runners were running, and ran: 42.5 km at https://example.org/a?b=c.",
    "",
    "!!! …",
    "quotes ' and \\ and \"",
    "word ".repeat(3_000),
  ],
  german: ["Die Häuser der Straße", "ÜBERGRÖSSE"],
  simple: ["東京都に住む", "สวัสดีชาวโลก", "🙂 emoji 👩‍👩‍👧", "tab\tand\nline"],
};

describe.each(testDatabases())("words made ahead on $name", (kind) => {
  const storage = useStorage(kind);
  const makeAhead = (documents: readonly PreparedDocument[], signal = never) => {
    const maker = new WordVectorMaker(storage().database, signal);
    return Promise.all(documents.map((document) => maker.add(document)));
  };
  const wordsOf = (documents: readonly PreparedDocument[]) =>
    documents.map(({ chunks }) => chunks.map((chunk) => chunk.wordVector !== undefined));

  async function stored(documents: readonly PreparedDocument[]): Promise<(string | null)[]> {
    const { database } = storage();
    await database.transaction((transaction) => storeDocuments(transaction, documents, { now: new Date() }));
    const { rows } = await database.query<{ words: string | null }>(
      "read_words",
      `select c.search_vector::text as words
       from unnest($1::uuid[]) with ordinality as d (document_id, place)
       join document_chunks c using (document_id)
       order by d.place, c.chunk_level, c.chunk_index`,
      [documents.map(({ documentId }) => documentId)],
    );
    return rows.map(({ words }) => words);
  }

  it("are those that are made when a chunk is stored, in each language and script", async () => {
    const documents = (ownerId: string) =>
      Object.entries(texts).map(([textConfig, leaves]) => sketch({ ownerId, textConfig, leaves, parents: [leaves.length] }));
    const ahead = await makeAhead(documents(newOwner()));
    expect(wordsOf(ahead)).toEqual(Object.values(texts).map((leaves) => [false, ...leaves.map(() => true)]));
    const words = await stored(ahead);
    expect(words).toEqual(await stored(documents(newOwner())));
    expect(words[0]).toContain("'runner':2");
    expect(words.filter((each) => each === null)).toHaveLength(documents("").length);
  });

  it("are left out where the database refuses a text, which fails when it is stored, and alone", async () => {
    const ownerId = newOwner();
    const [sound, refused] = [sketch({ ownerId }), sketch({ ownerId, leaves: ["sound", "a\0b"] })];
    const [first, second, third] = await makeAhead([sound, refused, sketch({ ownerId })]);
    expect(first?.chunks[0]?.wordVector).toBeInstanceOf(Buffer);
    expect(second).toBe(refused);
    if (!first || !second || !third) throw new Error("a document is missing");
    await expect(stored([second])).rejects.toThrow("invalid byte sequence");
    expect(await stored([first, third])).toEqual(["'leaf':2 'one':1", "'leaf':2 'one':1"]);
  });

  it("end with the signal", async () => {
    await expect(makeAhead([sketch()], AbortSignal.abort(new CancelledError("given up")))).rejects.toThrow(CancelledError);
  });
});
