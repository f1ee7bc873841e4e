import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Wakeup } from "../../src/domain/wakeup.ts";
import type { Database } from "../../src/storage/database.ts";
import { WakeupChannel } from "../../src/storage/wakeup-channel.ts";
import { hasRealPostgres, testDatabases } from "../support/databases.ts";
import { realPostgres, recordStatements, schema, silentLogger, useStorage } from "../support/test-storage.ts";

/** A process with one kind of wakeup. */
interface Peer {
  readonly wakeup: Wakeup;
  readonly channel: WakeupChannel;
  /** Names of its statements. */
  readonly statements: string[];
}

function join(database: Database, ofSchema = schema): Peer {
  const wakeup = new Wakeup();
  const { queryable, names } = recordStatements(database);
  const recording: Database = Object.assign(Object.create(database), { query: queryable.query });
  const channel = new WakeupChannel(
    { database: recording, logger: silentLogger },
    { schema: ofSchema, wakeups: { rain: wakeup } },
  );
  return { wakeup, channel, statements: names };
}

const listening = "select pid from pg_stat_activity where datname = current_database() and query = 'listen \"llmemory\"'";

// Notices do not leave the embedded database.
describe.skipIf(!hasRealPostgres())("wakeups that processes share on a real PostgreSQL", () => {
  const storage = useStorage(realPostgres);
  let another: Database;
  let peers: Peer[] = [];

  beforeEach(async () => {
    another = await storage().openAnotherPool();
  });
  afterEach(async () => {
    await Promise.all(peers.map(({ channel }) => channel.stop()));
    peers = [];
    await another.close();
    await expect.poll(async () => (await storage().database.query("look", listening)).rowCount).toBe(0);
  });

  async function start(...schemas: string[]): Promise<Peer[]> {
    peers = schemas.map((ofSchema, index) => join(index % 2 === 0 ? storage().database : another, ofSchema));
    await expect.poll(async () => (await storage().database.query("look", listening)).rowCount).toBe(peers.length);
    // Each wakes once when it begins to listen.
    await expect.poll(() => peers.every(({ wakeup }) => wakeup.count > 0)).toBe(true);
    return peers;
  }

  it("wake those who wait in another process", async () => {
    const [here, there] = await start(schema, schema);
    const waiting = there?.wakeup.wait(60_000);
    here?.wakeup.notify();
    await waiting;
  });

  it("wake nobody twice: a process does not hear itself, nor a process of another schema", async () => {
    const [here, there, stranger] = await start(schema, schema, "elsewhere");
    const before = [here?.wakeup.count ?? 0, stranger?.wakeup.count];
    const waiting = there?.wakeup.wait(60_000);
    here?.wakeup.notify();
    await waiting;
    expect([(here?.wakeup.count ?? 0) - 1, stranger?.wakeup.count]).toEqual(before);
  });

  it("send many notices as few, and the last is never left out", async () => {
    const [here, there] = await start(schema, schema);
    for (let index = 0; index < 200; index++) here?.wakeup.notify();
    const before = there?.wakeup.count ?? 0;
    await expect.poll(() => there?.wakeup.count).toBeGreaterThan(before);
    await here?.channel.stop();
    expect(here?.statements).toEqual(["send_notices", "send_notices"]);
    await expect.poll(() => there?.wakeup.count).toBe(before + 2);
  });

  it("are heard again after the connection was lost, and wake at once, since something may have been missed", async () => {
    const [here, there] = await start(schema, schema);
    const before = there?.wakeup.count ?? 0;
    const { rows } = await storage().database.query<{ pid: number }>("look", listening);
    await storage().database.query("cut", "select pg_terminate_backend(pid) from unnest($1::integer[]) as pid", [
      rows.map(({ pid }) => pid),
    ]);
    await expect.poll(() => there?.wakeup.count, { timeout: 10_000 }).toBeGreaterThan(before);
    const waiting = there?.wakeup.wait(60_000);
    here?.wakeup.notify();
    await waiting;
  });

  it("go out before the process stops", async () => {
    const [here, there] = await start(schema, schema);
    here?.wakeup.notify();
    await expect.poll(() => here?.statements.length).toBe(1);
    here?.wakeup.notify();
    const before = there?.wakeup.count ?? 0;
    await here?.channel.stop();
    await expect.poll(() => there?.wakeup.count).toBeGreaterThan(before);
    expect(here?.statements).toHaveLength(2);
  });
});

describe.each(testDatabases())("a notice on $name", (kind) => {
  const storage = useStorage(kind);

  it("that cannot be sent does no harm", async () => {
    const { database } = storage();
    const query = vi.fn(() => Promise.reject(new Error("gone")));
    const wakeup = new Wakeup();
    const channel = new WakeupChannel(
      { database: Object.assign(Object.create(database), { query }), logger: silentLogger },
      { schema, wakeups: { rain: wakeup } },
    );
    const waiting = wakeup.wait(60_000);
    wakeup.notify();
    await waiting;
    await channel.stop();
    expect(query).toHaveBeenCalledTimes(database.kind === "embedded" ? 0 : 1);
  });
});
