import { describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { deleteDocument } from "../../src/documents/delete-document.ts";
import { type DocumentPiece, readDocument } from "../../src/documents/read-document.ts";
import { CancelledError, ConflictError, NotFoundError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { newOwner } from "../support/test-storage.ts";

/** More than three segments, with characters of one to four bytes. */
const content = Array.from({ length: 5_000 }, (_, index) => `${index} é € 🎈 river`).join("\n");
const characters = Array.from(content);

describe.each(testDatabases())("reading a document on $name", (kind) => {
  const deps = useDocuments(kind);

  async function collect(pieces: AsyncIterable<DocumentPiece>): Promise<DocumentPiece[]> {
    const collected: DocumentPiece[] = [];
    for await (const piece of pieces) collected.push(piece);
    return collected;
  }

  let added: ReturnType<typeof newDocument> | undefined;
  async function largeDocument() {
    if (!added) {
      added = newDocument({ content });
      await addDocuments(deps(), [added], never);
    }
    return added;
  }

  it.each([
    ["the whole text", 0, undefined],
    ["a range within one segment", 3, 17],
    ["a range over segments", 20_000, 60_000],
    ["from a place to the end", 61_234, undefined],
    ["beyond the end", 61_234, 10_000_000],
    ["one character", 9, 10],
  ])("gives %s in pieces that follow one another", async (_name, charStart, charEnd) => {
    const document = await largeDocument();
    const pieces = await collect(readDocument(deps(), document, { charStart, charEnd }, never));
    expect(pieces.map((piece) => piece.content).join("")).toBe(characters.slice(charStart, charEnd).join(""));
    let next = charStart;
    for (const piece of pieces) {
      expect(piece.charStart).toBe(next);
      expect(Buffer.byteLength(piece.content)).toBeLessThanOrEqual(limits.contentSegmentBytesMax);
      next += Array.from(piece.content).length;
    }
  });

  it.each([
    [7, 7],
    [characters.length, undefined],
    [9_999_999, undefined],
  ])("gives the document with an empty piece where nothing is from %i to %s", async (charStart, charEnd) => {
    const document = await largeDocument();
    const pieces = await collect(readDocument(deps(), document, { charStart, charEnd }, never));
    expect(pieces).toMatchObject([{ charStart, content: "", document: { idAtOrigin: document.idAtOrigin } }]);
  });

  it("does not find what is missing or another owner's", async () => {
    const document = await largeDocument();
    const read = collect(readDocument(deps(), { ...document, ownerId: newOwner() }, { charStart: 0, charEnd: undefined }, never));
    await expect(read).rejects.toThrow(NotFoundError);
  });

  it.each(["changed", "deleted"])("ends with a conflict when the document is %s between two pieces", async (change) => {
    const document = newDocument({ content });
    await addDocuments(deps(), [document], never);
    const pieces = readDocument(deps(), document, { charStart: 0, charEnd: undefined }, never);
    expect((await pieces.next()).value?.content).toBe(content.slice(0, 21_845));
    if (change === "deleted") await deleteDocument(deps(), document, never);
    else await addDocuments(deps(), [{ ...document, documentName: "another" }], never);
    const error = await pieces.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ reason: "DOCUMENT_CHANGED" });
  });

  it("reads no further, and throws, once its caller has gone away", async () => {
    const caller = new AbortController();
    const pieces = readDocument(deps(), await largeDocument(), { charStart: 0, charEnd: undefined }, caller.signal);
    await pieces.next();
    caller.abort();
    await expect(pieces.next()).rejects.toThrow(CancelledError);
  });
});
