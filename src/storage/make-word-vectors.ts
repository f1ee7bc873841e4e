import { DomainError } from "../domain/errors.ts";
import { textArray } from "./array-parameters.ts";
import type { Queryable } from "./database.ts";
import type { PreparedChunk } from "./diff-chunks.ts";
import { indexText } from "./index-text.ts";
import { slicesByText } from "./slices-by-text.ts";
import type { PreparedDocument } from "./store-documents.ts";

interface WaitingDocument {
  readonly document: PreparedDocument;
  readonly resolve: (document: PreparedDocument) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Has the database make the words of new chunks ahead of the transaction that stores them. Parsing and stemming a text is most of what
 * storing it takes, so a load keeps two of the database's processes busy: one with words, one with storing what has them.
 */
export class WordVectorMaker {
  readonly #database: Queryable;
  readonly #signal: AbortSignal;
  readonly #waiting: WaitingDocument[] = [];
  #isRunning = false;

  constructor(database: Queryable, signal: AbortSignal) {
    this.#database = database;
    this.#signal = signal;
  }

  /**
   * A document with the words of its leaves; without them if the database refuses one of the texts asked for with it, so that only the
   * one that cannot be stored fails, when it is stored.
   *
   * @throws DependencyUnavailableError and the like.
   */
  add(document: PreparedDocument): Promise<PreparedDocument> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ document, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** One statement at a time, for all documents that have come meanwhile. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0);
      try {
        const words = await this.#wordsOf(taken.map(({ document }) => document));
        for (const { document, resolve } of taken) resolve(withWords(document, words));
      } catch (error) {
        for (const { document, resolve, reject } of taken) {
          if (error instanceof DomainError) reject(error);
          else resolve(document);
        }
      }
    }
    this.#isRunning = false;
  }

  async #wordsOf(documents: readonly PreparedDocument[]): Promise<Map<PreparedChunk, Buffer>> {
    const leaves = documents.flatMap(({ textConfig, chunks }) =>
      chunks.flatMap((chunk) => (chunk.level === 0 ? [{ textConfig, chunk }] : [])),
    );
    const words = new Map<PreparedChunk, Buffer>();
    for (const slice of slicesByText(leaves)) {
      const { rows } = await this.#database.query<{ words: string }>(
        "make_word_vectors",
        // Base64 for the reasons of `packRows`.
        `select encode(tsvectorsend(to_tsvector(n.text_config::regconfig, n.content)), 'base64') as words
         from unnest($1::text[], $2::text[]) with ordinality as n (text_config, content, place)
         order by n.place`,
        [
          textArray(slice.map(({ textConfig }) => textConfig)),
          textArray(slice.map(({ chunk }) => indexText(chunk.content, "document"))),
        ],
        this.#signal,
      );
      for (const [index, { words: encoded }] of rows.entries()) {
        const leaf = slice[index];
        if (leaf) words.set(leaf.chunk, Buffer.from(encoded, "base64"));
      }
    }
    return words;
  }
}

function withWords(document: PreparedDocument, words: ReadonlyMap<PreparedChunk, Buffer>): PreparedDocument {
  return { ...document, chunks: document.chunks.map((chunk) => ({ ...chunk, wordVector: words.get(chunk) })) };
}
