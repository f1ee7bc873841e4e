import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { hasRealPostgres } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, realPostgres, useStorage } from "../support/test-storage.ts";

const tables = ["document_chunks", "documents"];

describe.skipIf(!hasRealPostgres())("statistics of tables that grow, without autovacuum", () => {
  const storage = useStorage(realPostgres);

  /** What the planner takes for the number of rows; −1: never counted. */
  async function counted(): Promise<Map<string, number>> {
    const { rows } = await storage().database.query<{ name: string; rows: number }>(
      "read_counts",
      "select relname as name, reltuples::integer as rows from pg_class where relname = any($1) order by relname",
      [tables],
    );
    return new Map(rows.map(({ name, rows: count }) => [name, count]));
  }

  /** The index by which the check of a foreign key finds a row, as PostgreSQL asks for it. */
  async function planOfCheck(ownerId: string): Promise<string> {
    const text = `explain select 1 from only documents x where owner_id = '${ownerId}' and document_id = '${randomUUID()}' for key share of x`;
    const { rows } = await storage().database.query<{ "QUERY PLAN": string }>("explain", text);
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  }

  it("are refreshed while the first documents are loaded, and checks of foreign keys go by the primary key", async () => {
    const { database } = storage();
    for (const table of tables) await database.query("switch_off", `alter table ${table} set (autovacuum_enabled = false)`);
    expect([...(await counted()).values()]).toEqual([-1, -1]);
    const ownerId = newOwner();
    const text = "words of a leaf ".repeat(40);
    await store(
      database,
      Array.from({ length: 400 }, (_, index) => ({ ownerId, idAtOrigin: `${index}`, leaves: [`${text}${index}`] })),
    );
    while ([...(await counted()).values()].some((count) => count !== 400)) await sleep(50);
    expect(await planOfCheck(ownerId)).toContain("documents_pkey");
  });

  it("are let be once they are about right", async () => {
    const { database, metrics } = storage();
    const runs = async (name: string) => {
      const { values } = await metrics.dbQueryDurationSeconds.get();
      return values.find(({ metricName, labels }) => metricName?.endsWith("_count") && labels.query_type === name)?.value;
    };
    const [analyzed, looked = 0] = [await runs("analyze"), await runs("list_grown_tables")];
    await store(database, [{ ownerId: newOwner() }]);
    while (((await runs("list_grown_tables")) ?? 0) <= looked) await sleep(50);
    await sleep(100);
    expect(await runs("analyze")).toBe(analyzed);
  });
});
