import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { QueueFronts } from "../../src/documents/queue-fronts.ts";
import type { Queryable } from "../../src/storage/database.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("looks at the fronts of queues on $name", (kind) => {
  const storage = useStorage(kind);

  it("are answered together where one is under way", async () => {
    const { database, table } = storage();
    const statements: unknown[] = [];
    const counting: Queryable = {
      query: (name, text, values, signal) => {
        statements.push(values?.[0]);
        return database.query(name, text, values, signal);
      },
    };
    const fronts = new QueueFronts({ database: counting, table });
    const [waiting, idle] = [newOwner(), newOwner()];
    await store(database, [{ ownerId: waiting, leaves: ["one", "two"] }]);
    const first = fronts.look(idle);
    await nextTurn();
    const later = await Promise.all([fronts.look(waiting), fronts.look(idle), fronts.look(waiting)]);
    expect(await first).toEqual({ oldest: undefined, dead: 0 });
    expect(later.map(({ oldest }) => oldest !== undefined)).toEqual([true, false, true]);
    expect(statements).toHaveLength(2);
  });

  it("see what was stored before they were asked for, though another look is under way", async () => {
    const { database, table } = storage();
    const fronts = new QueueFronts({ database, table });
    const ownerId = newOwner();
    const before = fronts.look(ownerId);
    await store(database, [{ ownerId }]);
    expect((await fronts.look(ownerId)).oldest).toBeDefined();
    await before;
  });

  it("fail for those who asked alone", async () => {
    const { database, table } = storage();
    let isDown = true;
    const failing: Queryable = {
      query: async (name, text, values, signal) => {
        if (isDown) throw new Error("the database is down");
        return await database.query(name, text, values, signal);
      },
    };
    const fronts = new QueueFronts({ database: failing, table });
    const ownerId = newOwner();
    await expect(Promise.all([fronts.look(ownerId), fronts.look(ownerId)])).rejects.toThrow("the database is down");
    isDown = false;
    expect(await fronts.look(ownerId)).toEqual({ oldest: undefined, dead: 0 });
  });
});
