import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { PackedRecords, packRows } from "../../src/storage/packed-records.ts";
import { testDatabases } from "../support/databases.ts";
import { useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("packed records from $name", (kind) => {
  const storage = useStorage(kind);

  it("give back what the database has packed, column by column", async () => {
    const rows = [
      { id: "00000000-0000-0000-0000-000000000000", integer: 0, small: 0, real: 0 },
      { id: "ffffffff-ffff-ffff-ffff-ffffffffffff", integer: 2_147_483_647, small: 32_767, real: 3.402_823_466_385_288_6e38 },
      { id: "01890a5d-ac96-774b-bcce-b302099a8057", integer: -2_147_483_648, small: -32_768, real: -0.1 },
      { id: randomUUID(), integer: -1, small: -1, real: Number.NaN },
    ];
    const packed = await pack(rows);
    const records = new PackedRecords(packed, 26);
    expect(records.count).toBe(rows.length);
    expect([...records.integers(16)]).toEqual(rows.map(({ integer }) => integer));
    expect([...records.smallIntegers(20)]).toEqual(rows.map(({ small }) => small));
    expect([...records.reals(22)]).toEqual(rows.map(({ real }) => Math.fround(real)));
    const ids = records.uuids(0);
    expect(rows.map((_, index) => ids.text(index))).toEqual(rows.map(({ id }) => id));
  });

  it("are none where there was no row", async () => {
    const records = new PackedRecords(await pack([]), 26);
    expect(records.count).toBe(0);
    expect([records.integers(16), records.smallIntegers(20), records.reals(22)].map(({ length }) => length)).toEqual([0, 0, 0]);
  });

  async function pack(rows: readonly { id: string; integer: number; small: number; real: number }[]): Promise<string | null> {
    const { rows: packed } = await storage().database.query<{ packed: string | null }>(
      "pack",
      `select ${packRows(["uuid_send(id)", "int4send(i)", "int2send(s)", "float4send(r)"], "n")} as packed
       from unnest($1::uuid[], $2::integer[], $3::smallint[], $4::real[]) with ordinality as k (id, i, s, r, n)`,
      [
        rows.map(({ id }) => id),
        rows.map(({ integer }) => integer),
        rows.map(({ small }) => small),
        rows.map(({ real }) => (Number.isNaN(real) ? "NaN" : real)),
      ],
    );
    return packed[0]?.packed ?? null;
  }
});

describe("packed records", () => {
  it("tell UUIDs apart by their last 53 bits, wherever in the record they stand", () => {
    const lasts = ["000000000000", "000000000001", "0000ffffffff", "000100000000", "ffffffffffff"];
    const ids = lasts.flatMap((last) => ["0000", "0001", "001f"].map((middle) => `01890a5dac96774b${middle}${last}`));
    const packed = Buffer.from(ids.map((id) => `00000000${id}`).join(""), "hex").toString("base64");
    const uuids = new PackedRecords(packed, 20).uuids(4);
    const keys = ids.map((_, index) => uuids.key(index));
    expect(new Set(keys).size).toBe(ids.length);
    expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true);
    expect(keys).toEqual(ids.map((id) => Number(BigInt(`0x${id.slice(16)}`) & (2n ** 53n - 1n))));
  });

  it("give one UUID the same key in whatever records it stands", () => {
    const id = randomUUID().replaceAll("-", "");
    const alone = new PackedRecords(Buffer.from(id, "hex").toString("base64"), 16).uuids(0);
    const second = new PackedRecords(Buffer.from(`${"00".repeat(16)}${id}`, "hex").toString("base64"), 32).uuids(16);
    expect(second.key(0)).toBe(alone.key(0));
  });
});
