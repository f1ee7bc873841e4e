import { randomUUID } from "node:crypto";
import { v7 as uuidV7 } from "uuid";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/domain/clock.ts";
import { CancelledError, InvalidInputError, NotFoundError, PreconditionError } from "../../src/domain/errors.ts";
import { recordFeedback } from "../../src/search/record-feedback.ts";
import { SearchHistory } from "../../src/search/search-history.ts";
import { readFeedback } from "../../src/storage/search-feedback.ts";
import { testDatabases } from "../support/databases.ts";
import { never } from "../support/document-deps.ts";
import { newAnswer, newQuery } from "../support/search-answers.ts";
import { newOwner, silentLogger, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("recording feedback on $name", (kind) => {
  const storage = useStorage(kind);

  function newDeps(days = 30) {
    const { database, metrics } = storage();
    const history = new SearchHistory({ database, metrics, clock: systemClock, logger: silentLogger }, { days });
    return { database, history, clock: systemClock };
  }

  /** A search that is answered but not yet written. */
  function searched(history: SearchHistory) {
    const chunkIds = [randomUUID(), randomUUID()];
    const ownerId = newOwner();
    const answer = newAnswer({ chunkIds });
    history.record(newQuery({ ownerId }), answer, 1);
    const [first = "", second = ""] = chunkIds;
    return { key: { ownerId, searchId: answer.searchId }, first, second };
  }

  it("stores it though the search is only just answered, and replaces it when it comes again", async () => {
    const deps = newDeps();
    const { key, first, second } = searched(deps.history);
    await recordFeedback(deps, { ...key, feedback: [{ chunkId: first, rating: 1, note: "just right" }] }, never);
    expect(await readFeedback(deps.database, key)).toMatchObject([{ chunkId: first, rating: 1, note: "just right" }]);
    const feedback = [
      { chunkId: first, rating: 0.5, note: "said twice" },
      { chunkId: second, rating: 0, note: "" },
      { chunkId: first, rating: -1, note: "the last counts" },
    ];
    await recordFeedback(deps, { ...key, feedback }, never);
    const stored = await readFeedback(deps.database, key);
    expect(stored.toSorted((left, right) => left.rating - right.rating)).toMatchObject([
      { chunkId: first, rating: -1, note: "the last counts" },
      { chunkId: second, rating: 0, note: "" },
    ]);
    await deps.history.stop();
  });

  it("waits for a search that another process has only just answered", async () => {
    const [answering, asked] = [newDeps(), newDeps()];
    const { key, first } = searched(answering.history);
    await recordFeedback(asked, { ...key, feedback: [{ chunkId: first, rating: 1, note: "" }] }, never);
    expect(await readFeedback(asked.database, key)).toHaveLength(1);
    await answering.history.stop();
  });

  it("does not know a search of another owner, nor one that never was", async () => {
    const deps = newDeps();
    const { key, first } = searched(deps.history);
    const feedback = [{ chunkId: first, rating: 1, note: "" }];
    const foreign = { ownerId: newOwner(), searchId: key.searchId, feedback };
    await expect(recordFeedback(deps, foreign, never)).rejects.toThrow(NotFoundError);
    const old = uuidV7({ msecs: Date.UTC(2026, 0, 1) });
    for (const searchId of [randomUUID(), old])
      await expect(recordFeedback(deps, { ...key, searchId, feedback }, never)).rejects.toThrow(NotFoundError);
    expect(await readFeedback(deps.database, key)).toEqual([]);
    await deps.history.stop();
  });

  it("refuses chunks that were not among the results, and stores nothing then", async () => {
    const deps = newDeps();
    const { key, first } = searched(deps.history);
    const feedback = [first, randomUUID(), randomUUID()].map((chunkId) => ({ chunkId, rating: 1, note: "" }));
    const refused = await recordFeedback(deps, { ...key, feedback }, never).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidInputError);
    const fields = (refused as InvalidInputError).violations.map(({ field }) => field);
    expect(fields).toEqual(["feedback[1].chunk_id", "feedback[2].chunk_id"]);
    expect(await readFeedback(deps.database, key)).toEqual([]);
    await deps.history.stop();
  });

  it("says that searches are not remembered where they are not", async () => {
    const deps = newDeps(0);
    const { key, first } = searched(deps.history);
    const refused = recordFeedback(deps, { ...key, feedback: [{ chunkId: first, rating: 1, note: "" }] }, never);
    await expect(refused).rejects.toMatchObject({ constructor: PreconditionError, reason: "SEARCH_HISTORY_OFF" });
  });

  it("ends when the caller goes away", async () => {
    const deps = newDeps();
    const controller = new AbortController();
    const feedback = [{ chunkId: randomUUID(), rating: 1, note: "" }];
    const waiting = recordFeedback(deps, { ownerId: newOwner(), searchId: uuidV7(), feedback }, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow(CancelledError);
  });
});
