import { describe, expect, it } from "vitest";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import { countAllowedChunks } from "../../src/storage/count-allowed.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("the chunks that a filter allows on $name", (kind) => {
  const storage = useStorage(kind);

  it.each<{ filter: DocumentFilter; count: number }>([
    { filter: {}, count: 7 },
    { filter: { documentTypes: ["chat"] }, count: 3 },
    { filter: { documentTypes: ["chat", "text"] }, count: 6 },
    { filter: { idsAtOrigin: ["b"] }, count: 3 },
    { filter: { idsAtOrigin: ["b"], documentTypes: ["text"] }, count: 0 },
    { filter: { metadata: { kind: "equal", path: ["place"], value: "river" } }, count: 4 },
    { filter: { dateFrom: new Date("2026-01-02") }, count: 1 },
    { filter: { languages: ["fr"] }, count: 0 },
  ])("are counted without parents: $filter", async ({ filter, count }) => {
    const ownerId = newOwner();
    const metadata = { place: "river" };
    await store(storage().database, [
      { ownerId, idAtOrigin: "a", leaves: ["1", "2", "3"], parents: [2, 1], metadata },
      { ownerId, idAtOrigin: "b", leaves: ["1", "2", "3"], documentType: "chat" },
      { ownerId, idAtOrigin: "c", leaves: ["1"], documentType: "code", metadata, documentDate: new Date("2026-01-02") },
      { ownerId: newOwner(), leaves: ["1"] },
    ]);
    expect(await countAllowedChunks(storage().database, ownerId, filter, 100)).toBe(count);
  });

  it("are counted only so far as to know that there are more", async () => {
    const ownerId = newOwner();
    await store(
      storage().database,
      Array.from({ length: 12 }, (_, index) => ({ ownerId, idAtOrigin: `${index}`, leaves: ["1", "2"] })),
    );
    const count = (max: number) => countAllowedChunks(storage().database, ownerId, {}, max);
    expect(await count(24)).toBe(24);
    expect(await count(23)).toBe(24);
    for (const max of [0, 1, 5, 11]) {
      expect(await count(max)).toBeGreaterThan(max);
      expect(await count(max)).toBeLessThanOrEqual(2 * (max + 1));
    }
  });

  it("are none for an owner without documents", async () => {
    expect(await countAllowedChunks(storage().database, newOwner(), {}, 10)).toBe(0);
  });
});
