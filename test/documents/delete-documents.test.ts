import { describe, expect, it } from "vitest";
import { countDocumentsToDelete, deleteDocuments } from "../../src/documents/delete-documents.ts";
import { CancelledError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

const everything = { kind: "filter", filter: {} } as const;

describe.each(testDatabases())("deleting many documents on $name", (kind) => {
  const storage = useStorage(kind);

  it("takes as many batches as it needs, and counts beforehand what it will take", async () => {
    const ownerId = newOwner();
    const count = await addMany(ownerId);
    const expected = { documents: count, chunks: count, moreRemain: false };
    expect(await countDocumentsToDelete(storage(), ownerId, everything, never)).toEqual(expected);
    expect(await deleteDocuments(storage(), ownerId, everything, never, () => 60_000)).toEqual(expected);
    expect(await deleteDocuments(storage(), ownerId, everything, never)).toEqual({ documents: 0, chunks: 0, moreRemain: false });
  });

  it("ends where there is no time left, says that more remain, and goes on when it is called again", async () => {
    const ownerId = newOwner();
    const count = await addMany(ownerId);
    let calls = 0;
    // Time for the first batch alone.
    const timeLeft = () => (calls++ === 0 ? 60_000 : 0);
    const first = await deleteDocuments(storage(), ownerId, everything, never, timeLeft);
    expect(first).toEqual({ documents: limits.deleteBatchDocuments, chunks: limits.deleteBatchDocuments, moreRemain: true });
    expect(await deleteDocuments(storage(), ownerId, everything, never)).toEqual({
      documents: count - limits.deleteBatchDocuments,
      chunks: count - limits.deleteBatchDocuments,
      moreRemain: false,
    });
  });

  it("gives up a batch that the deadline cuts, and keeps what it belongs to whole", async () => {
    const ownerId = newOwner();
    const count = await addMany(ownerId);
    const { database } = storage();
    const slow = {
      database: {
        ...database,
        transaction: (work, options) =>
          database.transaction(async (transaction) => {
            const result = await work(transaction);
            await transaction.query("sleep", "select pg_sleep(0.5)");
            return result;
          }, options),
      } as typeof database,
    };
    const cut = await deleteDocuments(slow, ownerId, everything, never, () => limits.deadlineReserveMs + 200.5);
    expect(cut).toEqual({ documents: 0, chunks: 0, moreRemain: true });
    expect(await countDocumentsToDelete(storage(), ownerId, everything, never)).toMatchObject({ documents: count });
  });

  it("throws for a caller that has gone away", async () => {
    const gone = deleteDocuments(storage(), newOwner(), everything, AbortSignal.abort(), () => 60_000);
    await expect(gone).rejects.toThrow(CancelledError);
  });

  /** One document more than a batch takes. */
  async function addMany(ownerId: string): Promise<number> {
    const count = limits.deleteBatchDocuments + 1;
    await store(
      storage().database,
      Array.from({ length: count }, (_, index) => ({ ownerId, idAtOrigin: `document ${index}` })),
    );
    return count;
  }
});
