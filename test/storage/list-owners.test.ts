import { describe, expect, it } from "vitest";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { listOwners } from "../../src/storage/list-owners.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("owners on $name", (kind) => {
  const storage = useStorage(kind);

  it("are listed by id, page by page, with what they have, and not when that is nothing any more", async () => {
    const { database } = storage();
    await store(database, [
      { ownerId: "bob", leaves: ["tea"] },
      { ownerId: "ada", idAtOrigin: "one", leaves: ["tea", "milk"] },
      { ownerId: "ada", idAtOrigin: "two", leaves: ["lemon"] },
      { ownerId: "eve", idAtOrigin: "gone", leaves: ["water"] },
      { ownerId: "joe", leaves: ["coffee"] },
    ]);
    await database.transaction((transaction) => deleteDocument(transaction, { ownerId: "eve", idAtOrigin: "gone" }, new Date()));
    const first = await listOwners(database, { afterOwnerId: "", count: 2 });
    expect(first).toEqual([
      { ownerId: "ada", documentCount: 2, chunkCount: 3 },
      { ownerId: "bob", documentCount: 1, chunkCount: 1 },
    ]);
    const second = await listOwners(database, { afterOwnerId: "bob", count: 2 });
    expect(second).toEqual([{ ownerId: "joe", documentCount: 1, chunkCount: 1 }]);
    expect(await listOwners(database, { afterOwnerId: "joe", count: 2 })).toEqual([]);
  });
});
