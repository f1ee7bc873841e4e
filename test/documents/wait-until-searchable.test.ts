import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addDocument } from "../../src/documents/add-document.ts";
import { addDocuments } from "../../src/documents/add-documents.ts";
import { waitUntilSearchable } from "../../src/documents/wait-until-searchable.ts";
import { CancelledError, DeadlineExceededError } from "../../src/domain/errors.ts";
import { deleteDocument } from "../../src/storage/delete-documents.ts";
import { claimJobs, failJobs } from "../../src/storage/embedding-jobs.ts";
import { testDatabases } from "../support/databases.ts";
import { never, newDocument, useDocuments } from "../support/document-deps.ts";
import { embedWaiting } from "../support/test-storage.ts";

describe.each(testDatabases())("waiting until a document is searchable on $name", (kind) => {
  const deps = useDocuments(kind);

  async function addOne() {
    const [result] = await addDocuments(deps(), [newDocument()], never);
    if (!result) throw new Error("nothing was added");
    return result.document;
  }

  it("ends at once where nothing waits", async () => {
    const document = await addOne();
    await embedWaiting(deps());
    expect(await waitUntilSearchable(deps(), [document], never)).toEqual([0]);
  });

  it("ends when this process has settled the jobs", async () => {
    const waiting = waitUntilSearchable(deps(), [await addOne()], never);
    await embedWaiting(deps());
    deps().jobsSettled.notify();
    expect(await waiting).toEqual([0]);
  });

  it("ends when another process has settled them, which nobody tells", async () => {
    const waiting = waitUntilSearchable(deps(), [await addOne()], never);
    await embedWaiting(deps());
    expect(await waiting).toEqual([0]);
  });

  it("ends with the number of chunks whose embedding has failed for good", async () => {
    const document = await addOne();
    await killJobs();
    expect(await waitUntilSearchable(deps(), [document], never)).toEqual([1]);
  });

  it("ends when the last of several documents is searchable, with the number of each", async () => {
    const first = await addOne();
    await killJobs();
    const others = [await addOne(), await addOne()];
    const waiting = waitUntilSearchable(deps(), [first, ...others], never);
    await embedWaiting(deps());
    deps().jobsSettled.notify();
    expect(await waiting).toEqual([1, 0, 0]);
    expect(await waitUntilSearchable(deps(), [], never)).toEqual([]);
  });

  it("ends when the document is deleted meanwhile", async () => {
    const document = await addOne();
    const waiting = waitUntilSearchable(deps(), [document], never);
    await deps().database.transaction((transaction) => deleteDocument(transaction, document, new Date()));
    expect(await waiting).toEqual([0]);
  });

  it("ends at the deadline and when the caller goes away, and leaves nobody waiting", async () => {
    const document = await addOne();
    await expect(waitUntilSearchable(deps(), [document], AbortSignal.timeout(30))).rejects.toThrow(DeadlineExceededError);
    const caller = new AbortController();
    const waiting = expect(waitUntilSearchable(deps(), [document], caller.signal)).rejects.toThrow(CancelledError);
    caller.abort();
    await waiting;
  });

  it("is what adding does when asked, and what it added stays when the deadline passes", async () => {
    const document = newDocument();
    await expect(addDocument(deps(), document, "searchable", AbortSignal.timeout(300))).rejects.toThrow(DeadlineExceededError);
    expect(await addDocument(deps(), document, "committed", never)).toMatchObject({ outcome: "unchanged", embeddingsPending: 1 });
    const adding = addDocument(deps(), document, "searchable", never);
    await embedWaiting(deps());
    expect(await adding).toMatchObject({ outcome: "unchanged", embeddingsPending: 0 });
  });

  async function killJobs(): Promise<void> {
    const lease = { leaseId: randomUUID(), modelId: deps().table.modelId };
    const now = new Date();
    const jobs = await claimJobs(deps().database, lease, { count: 100, now, leaseUntil: new Date(now.getTime() + 60_000) });
    await failJobs(
      deps().database,
      lease,
      jobs.map((job) => ({ job, retryAt: undefined, error: "INTERNAL" })),
      now,
    );
  }
});
