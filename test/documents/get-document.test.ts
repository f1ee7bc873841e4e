import { describe, expect, it } from "vitest";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { deleteDocument } from "../../src/documents/delete-document.ts";
import { getDocument } from "../../src/documents/get-document.ts";
import { NotFoundError } from "../../src/domain/errors.ts";
import { testDatabases } from "../support/databases.ts";
import { longText, never, newDocument, useDocuments } from "../support/document-deps.ts";
import { dimension, embedWaiting, newOwner } from "../support/test-storage.ts";

const everything = { chunks: true, content: true, embeddings: true };

describe.each(testDatabases())("getting a document on $name", (kind) => {
  const deps = useDocuments(kind);

  it("gives parents with their text cut exactly from the content, and leaves with their vectors", async () => {
    const document = newDocument({ content: longText, chunking: { strategy: "hierarchical", chunkTokens: 100 } });
    await addDocuments(deps(), [document], never);
    await embedWaiting(deps());
    const found = await getDocument(deps(), document, everything, never);
    expect(found.content).toBe(longText);
    const parents = found.chunks.filter((chunk) => chunk.level === 1);
    const leaves = found.chunks.filter((chunk) => chunk.level === 0);
    expect([parents.length > 0, leaves.length]).toEqual([true, found.document.chunkCount]);
    const characters = [...longText];
    for (const chunk of found.chunks) expect(chunk.content).toBe(characters.slice(chunk.charStart, chunk.charEnd).join(""));
    expect(leaves.every((leaf) => leaf.embedding?.length === dimension)).toBe(true);
    expect(parents.every((parent) => parent.embedding === undefined)).toBe(true);
    const levels = found.chunks.map((chunk) => chunk.level);
    expect(levels).toEqual(levels.toSorted().reverse());
  });

  it("gives only what was asked for", async () => {
    const document = newDocument();
    await addDocuments(deps(), [document], never);
    await embedWaiting(deps());
    const bare = await getDocument(deps(), document, { chunks: false, content: false, embeddings: true }, never);
    expect(bare).toMatchObject({ chunks: [], content: undefined });
    const { chunks, content } = await getDocument(deps(), document, { chunks: true, content: false, embeddings: false }, never);
    expect(content).toBeUndefined();
    expect(chunks.map((chunk) => [chunk.content, chunk.embedding])).toEqual([[document.content, undefined]]);
  });

  it("finds it by either key", async () => {
    const document = newDocument();
    const [added] = await addDocuments(deps(), [document], never);
    const documentId = added?.document.documentId ?? "";
    const found = await getDocument(deps(), { ownerId: document.ownerId, documentId }, everything, never);
    expect(found.document).toEqual(added?.document);
  });

  it("answers alike for what is missing and what is another owner's", async () => {
    const document = newDocument();
    const [added] = await addDocuments(deps(), [document], never);
    const documentId = added?.document.documentId ?? "";
    const messageFor = async (key: Parameters<typeof getDocument>[1]) => {
      const error = await getDocument(deps(), key, everything, never).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotFoundError);
      return (error as NotFoundError).message;
    };
    const foreign = { ownerId: newOwner(), idAtOrigin: document.idAtOrigin };
    expect(await messageFor(foreign)).toBe(await messageFor({ ...foreign, ownerId: newOwner() }));
    await messageFor({ ownerId: newOwner(), documentId });
  });
});

describe.each(testDatabases())("deleting a document on $name", (kind) => {
  const deps = useDocuments(kind);

  it("deletes it once; then, and for other owners, it is not found", async () => {
    const document = newDocument();
    await addDocuments(deps(), [document], never);
    await expect(deleteDocument(deps(), { ...document, ownerId: newOwner() }, never)).rejects.toThrow(NotFoundError);
    expect(await deleteDocument(deps(), document, never)).toMatchObject({ chunksDeleted: 1 });
    await expect(deleteDocument(deps(), document, never)).rejects.toThrow(NotFoundError);
    await expect(getDocument(deps(), document, everything, never)).rejects.toThrow(NotFoundError);
  });
});
