import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedDatabase, startEmbeddedDatabase } from "../../src/storage/embedded-database.ts";
import { silentLogger } from "../support/test-storage.ts";

describe("a connection to the embedded database", () => {
  let directory: string;
  let embedded: EmbeddedDatabase;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "llmemory-connection-"));
    embedded = await startEmbeddedDatabase({ logger: silentLogger }, directory);
  });
  afterAll(async () => {
    await embedded.stop();
    await rm(directory, { recursive: true });
  });

  async function connect(): Promise<Client> {
    const client = new Client(embedded.connection);
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  it("answers with and without parameters, and goes on after a statement that is wrong", async () => {
    const client = await connect();
    const both: unknown = await client.query("select 1 as one; select 2 as two");
    expect(both).toMatchObject([{ rows: [{ one: 1 }] }, { rows: [{ two: 2 }] }]);
    await expect(client.query("select $1::integer / 0", [1])).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("select from nowhere")).rejects.toMatchObject({ code: "42P01" });
    expect((await client.query("select $1::text as word", ["it's"])).rows).toEqual([{ word: "it's" }]);
    await client.end();
  });

  it("carries long texts both ways, whole", async () => {
    const client = await connect();
    const text = "grüße\n".repeat(500_000);
    const { rows } = await client.query<{ text: string; parts: string[] }>(
      "select $1::text as text, array_agg(repeat($2, 1000)) as parts from generate_series(1, 1000)",
      [text, "ab"],
    );
    expect(rows[0]?.text).toBe(text);
    expect(rows[0]?.parts).toEqual(Array(1_000).fill("ab".repeat(1_000)));
    await client.end();
  });

  it("keeps statements of others out of its transaction, which is undone when it is lost", async () => {
    const first = await connect();
    await first.query("create table kept (word text)");
    const second = await connect();
    await first.query("begin");
    await first.query("insert into kept values ('lost')");
    const waiting = second.query("insert into kept values ('stored') returning (select count(*)::integer from kept)");
    await first.query("insert into kept values ('lost too')");
    // What the driver does with a connection that is given up.
    (first as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await waiting).rows).toEqual([{ count: 0 }]);
    expect((await second.query("select word from kept")).rows).toEqual([{ word: "stored" }]);
    await second.end();
  });

  it("begins the next transaction of another when one has ended", async () => {
    const clients = [await connect(), await connect()];
    await Promise.all(
      clients.map(async (client, index) => {
        for (let turn = 0; turn < 20; turn++) {
          await client.query("begin");
          await client.query("create temporary table own (who integer) on commit drop");
          await client.query("insert into own values ($1)", [index]);
          expect((await client.query("select who from own")).rows).toEqual([{ who: index }]);
          await client.query("commit");
        }
      }),
    );
    for (const client of clients) await client.end();
  });
});
