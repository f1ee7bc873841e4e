import { describe, expect, it } from "vitest";
import { ConflictError, DependencyUnavailableError, InvalidInputError } from "../../src/domain/errors.ts";
import { findDocument, readContent } from "../../src/storage/read-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { useDocuments } from "../support/document-deps.ts";
import { allOf, badItem, ingest, item, newStream, openSession, type StreamKey, sequences } from "./ingest-items.ts";

describe.each(testDatabases())("an ingest stream on $name", (kind) => {
  const deps = useDocuments(kind);

  it("reports a position only once everything up to it is committed", async () => {
    const key = newStream();
    const session = await openSession(deps(), key);
    expect(session.opened).toEqual({ durableUpTo: 0, failures: [] });
    for (const sequence of sequences(1, 100)) await session.offer(item(key, sequence));
    session.finish();
    const positions: number[] = [];
    for await (const { durableUpTo, failures } of session.progress()) {
      expect(failures).toEqual([]);
      positions.push(durableUpTo);
      expect(await countStored(key)).toBe(durableUpTo);
      expect((await openSession(deps(), { ...key, streamId: "another" })).opened.durableUpTo).toBe(0);
    }
    expect(positions).toEqual(positions.toSorted((left, right) => left - right));
    expect(positions.at(-1)).toBe(100);
    expect(positions.length).toBeGreaterThan(1);
  });

  it("goes on where it was, skips what is durable, and stores each document once", async () => {
    const key = newStream();
    await ingest(
      await openSession(deps(), key),
      sequences(1, 5).map((sequence) => item(key, sequence)),
    );
    const resumed = await openSession(deps(), key);
    expect(resumed.opened.durableUpTo).toBe(5);
    const progress = await ingest(
      resumed,
      sequences(1, 8).map((sequence) => item(key, sequence)),
    );
    expect(progress.at(-1)?.durableUpTo).toBe(8);
    expect(await countStored(key)).toBe(8);
    const document = await findDocument(deps().database, { ownerId: key.ownerId, idAtOrigin: "3" }, new Date());
    expect(document?.version).toBe(1);
  });

  it("counts an item as durable whose document was stored already, just so", async () => {
    const key = newStream();
    const items = sequences(1, 3).map((sequence) => item(key, sequence));
    await ingest(await openSession(deps(), key), items);
    const progress = await ingest(await openSession(deps(), { ...key, streamId: "another" }), items);
    expect(progress.at(-1)).toEqual({ durableUpTo: 3, failures: [] });
    expect(await countStored(key)).toBe(3);
  });

  it.each([
    { what: "a gap", sequence: 4 },
    { what: "the same sequence twice", sequence: 2 },
    { what: "a first sequence that is not next", sequence: 30 },
  ])("refuses $what, and keeps what came before", async ({ sequence }) => {
    const key = newStream();
    const session = await openSession(deps(), key);
    await session.offer(item(key, 1));
    await session.offer(item(key, 2));
    const refused = session.offer(item(key, sequence));
    await expect(refused).rejects.toThrow(InvalidInputError);
    await expect(refused).rejects.toMatchObject({ violations: [{ field: "item.sequence", rule: "item.sequence.next" }] });
    session.finish();
    expect((await allOf(session.progress())).at(-1)?.durableUpTo).toBe(2);
  });

  it("ends with the last version of a key that comes several times", async () => {
    const key = newStream();
    const items = sequences(1, 6).map((sequence) => item(key, sequence, { idAtOrigin: sequence === 5 ? "other" : "same" }));
    await ingest(await openSession(deps(), key), items);
    const document = await findDocument(deps().database, { ownerId: key.ownerId, idAtOrigin: "same" }, new Date());
    expect(document?.version).toBe(5);
    expect(document && (await readContent(deps().database, document))).toBe("text of 6");
    expect(await countStored(key)).toBe(2);
  });

  it("reports a bad item under its own sequence and stores the others", async () => {
    const key = newStream();
    const items = sequences(1, 40).map((sequence) => (sequence % 20 === 7 ? badItem(sequence) : item(key, sequence)));
    const progress = await ingest(await openSession(deps(), key), items);
    const failures = progress.flatMap((step) => step.failures);
    expect(failures.map((failure) => failure.sequence)).toEqual([7, 27]);
    expect(failures[0]).toEqual({
      sequence: 7,
      idAtOrigin: "7",
      error: { kind: "invalid", violations: [{ field: "content", rule: "string.min_len", description: "is empty" }] },
    });
    expect(progress.at(-1)?.durableUpTo).toBe(40);
    expect(await countStored(key)).toBe(38);
  });

  it("lets one document that cannot be stored fail alone, without its content in what is kept", async () => {
    const key = newStream();
    const { chunker } = deps();
    const failing: typeof chunker = {
      chunk: (request, signal) =>
        request.content === "secret" ? Promise.reject(new Error("of the chunker: secret")) : chunker.chunk(request, signal),
      fitPrefixes: (prefixes, signal) => chunker.fitPrefixes(prefixes, signal),
      close: () => chunker.close(),
    };
    const items = sequences(1, 9).map((sequence) => item(key, sequence, sequence === 4 ? { content: "secret" } : {}));
    const progress = await ingest(await openSession({ ...deps(), chunker: failing }, key), items);
    expect(progress.flatMap((step) => step.failures)).toEqual([
      { sequence: 4, idAtOrigin: "4", error: { kind: "internal", message: "the document could not be stored" } },
    ]);
    expect(progress.at(-1)?.durableUpTo).toBe(9);
    expect(await countStored(key)).toBe(8);
  });

  it("ends where the service itself is at fault, and can be resumed from its last position", async () => {
    const key = newStream();
    const { chunker } = deps();
    const down: typeof chunker = {
      chunk: () => Promise.reject(new DependencyUnavailableError("service", "the service stops")),
      fitPrefixes: (prefixes, signal) => chunker.fitPrefixes(prefixes, signal),
      close: () => chunker.close(),
    };
    await ingest(await openSession(deps(), key), [item(key, 1)]);
    await expect(ingest(await openSession({ ...deps(), chunker: down }, key), [item(key, 2)])).rejects.toThrow(
      DependencyUnavailableError,
    );
    const resumed = await openSession(deps(), key);
    expect(resumed.opened).toEqual({ durableUpTo: 1, failures: [] });
    expect(await countStored(key)).toBe(1);
  });

  it("is fenced by a later connection: the earlier one stores nothing more", async () => {
    const key = newStream();
    const earlier = await openSession(deps(), key);
    const later = await openSession(deps(), key);
    const fenced = ingest(earlier, [item(key, 1, { content: "of the earlier connection" })]);
    await expect(fenced).rejects.toThrow(ConflictError);
    await expect(fenced).rejects.toMatchObject({ reason: "STREAM_FENCED" });
    expect(await countStored(key)).toBe(0);
    expect((await ingest(later, [item(key, 1)])).at(-1)?.durableUpTo).toBe(1);
  });

  async function countStored({ ownerId }: StreamKey): Promise<number> {
    return (await deps().database.query("count", "select 1 from documents where owner_id = $1", [ownerId])).rowCount;
  }
});
