import { beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/domain/document.ts";
import type { DocumentFilter } from "../../src/domain/filter.ts";
import { limits } from "../../src/domain/limits.ts";
import { listDocuments } from "../../src/storage/list-documents.ts";
import type { StoreResult } from "../../src/storage/store-documents.ts";
import { testDatabases } from "../support/databases.ts";
import { store } from "../support/prepared-documents.ts";
import { newOwner, useStorage } from "../support/test-storage.ts";

describe.each(testDatabases())("filters on $name", (kind) => {
  const storage = useStorage(kind);

  async function namesOf(ownerId: string, filter: DocumentFilter): Promise<string[]> {
    const query = { ownerId, filter, order: "document_name" as const, descending: false, after: undefined, count: 100 };
    return (await listDocuments(storage().database, query)).map(({ document }) => document.documentName);
  }

  describe("of ids, types and dates", () => {
    const ownerId = newOwner();
    let stored: StoreResult[] = [];

    beforeAll(async () => {
      stored = await store(storage().database, [
        {
          ownerId,
          documentName: "a",
          idAtOrigin: "one",
          documentType: "chat",
          documentDate: new Date("2026-01-01T00:00:00.000Z"),
        },
        {
          ownerId,
          documentName: "b",
          idAtOrigin: "two",
          documentType: "code",
          documentDate: new Date("2026-01-02T23:59:59.999Z"),
        },
        { ownerId, documentName: "c", idAtOrigin: "%", documentType: "chat" },
        { documentName: "foreign", idAtOrigin: "one", documentType: "chat" },
      ]);
    });

    it.each<{ filter: DocumentFilter; names: string[] }>([
      { filter: {}, names: ["a", "b", "c"] },
      { filter: { idsAtOrigin: [], documentIds: [], documentTypes: [] }, names: ["a", "b", "c"] },
      { filter: { idsAtOrigin: ["two", "one", "one", "missing"] }, names: ["a", "b"] },
      { filter: { idsAtOrigin: ["%"] }, names: ["c"] },
      { filter: { documentTypes: ["chat"] }, names: ["a", "c"] },
      { filter: { documentTypes: ["chat", "code"] }, names: ["a", "b", "c"] },
      { filter: { documentTypes: ["pdf"] }, names: [] },
      { filter: { dateFrom: new Date("2026-01-01T00:00:00.000Z") }, names: ["a", "b"] },
      { filter: { dateFrom: new Date("2026-01-01T00:00:00.001Z") }, names: ["b"] },
      { filter: { dateTo: new Date("2026-01-02T23:59:59.999Z") }, names: ["a", "b"] },
      { filter: { dateTo: new Date("2026-01-02T23:59:59.998Z") }, names: ["a"] },
      { filter: { dateFrom: new Date("2026-01-02"), dateTo: new Date("2026-01-03"), documentTypes: ["code"] }, names: ["b"] },
      { filter: { idsAtOrigin: ["one"], documentTypes: ["code"] }, names: [] },
    ])("$filter choose $names", async ({ filter, names }) => {
      expect(await namesOf(ownerId, filter)).toEqual(names);
    });

    it("choose by document id, and nothing of another owner", async () => {
      const ids = stored.map((result) => result.document.documentId);
      expect(await namesOf(ownerId, { documentIds: ids.slice(1) })).toEqual(["b", "c"]);
      expect(await namesOf(ownerId, { documentIds: ids.slice(3) })).toEqual([]);
    });
  });

  describe("of languages", () => {
    const ownerId = newOwner();
    const languages = ["en", "en-US", "EN-gb", "eng", "de", "zh-Hant-TW", "und"];

    beforeAll(async () => {
      const sketches = languages.map((language) => ({ ownerId, documentName: language, language }));
      await store(storage().database, [...sketches, { documentName: "foreign", language: "en" }]);
    });

    it.each<{ languages: string[]; names: string[] }>([
      { languages: ["en"], names: ["EN-gb", "en", "en-US"] },
      { languages: ["EN"], names: ["EN-gb", "en", "en-US"] },
      { languages: ["en-us"], names: ["en-US"] },
      { languages: ["en-U"], names: [] },
      { languages: ["e"], names: [] },
      { languages: ["zh"], names: ["zh-Hant-TW"] },
      { languages: ["zh-Hant"], names: ["zh-Hant-TW"] },
      { languages: ["zh-Hant-TW-x-y"], names: [] },
      { languages: ["de", "und", "de", "fr"], names: ["de", "und"] },
      { languages: ["%", "_n", "en-US' or true --"], names: [] },
      { languages: [], names: ["EN-gb", "de", "en", "en-US", "eng", "und", "zh-Hant-TW"] },
    ])("$languages choose $names", async ({ languages, names }) => {
      expect(await namesOf(ownerId, { languages })).toEqual(names);
    });

    it("may be as many as a filter may name", async () => {
      const many = Array.from({ length: limits.filterValuesMax - 1 }, (_, index) => `x${index}`);
      expect(await namesOf(ownerId, { languages: [...many, "de"] })).toEqual(["de"]);
    });
  });

  describe("of metadata", () => {
    const ownerId = newOwner();
    const documents: Record<string, { [key: string]: JsonValue }> = {
      array: { v: ["x", "y"] },
      arrayOfObject: { v: [{ a: 1 }] },
      bool: { v: true },
      deep: { a: { b: { c: [1, { d: null }] } } },
      dotted: { "a.b": "flat", "a\\b": "backslash", 'q"u': "quote", "$.x[0]": "path", "": "empty", ünï: "🎈" },
      empty: {},
      emptyArray: { v: [] },
      emptyObject: { v: {} },
      negative: { v: -1.5e3 },
      null: { v: null },
      number: { v: 1 },
      object: { v: { a: 1, b: 2 } },
      string: { v: "1" },
      zero: { v: 0 },
    };
    beforeAll(() =>
      store(
        storage().database,
        Object.entries(documents).map(([documentName, metadata]) => ({ ownerId, documentName, metadata })),
      ),
    );

    it.each<{ path: string[]; value: JsonValue; names: string[] }>([
      { path: ["v"], value: 1, names: ["number"] },
      { path: ["v"], value: 1.0, names: ["number"] },
      { path: ["v"], value: "1", names: ["string"] },
      { path: ["v"], value: true, names: ["bool"] },
      { path: ["v"], value: false, names: [] },
      { path: ["v"], value: null, names: ["null"] },
      { path: ["v"], value: 0, names: ["zero"] },
      { path: ["v"], value: -1500, names: ["negative"] },
      { path: ["v"], value: ["x", "y"], names: ["array"] },
      { path: ["v"], value: ["y", "x"], names: [] },
      { path: ["v"], value: ["x"], names: [] },
      { path: ["v"], value: "x", names: [] },
      { path: ["v"], value: [], names: ["emptyArray"] },
      { path: ["v"], value: { b: 2, a: 1 }, names: ["object"] },
      { path: ["v"], value: { a: 1 }, names: [] },
      { path: ["v"], value: {}, names: ["emptyObject"] },
      { path: ["v", "a"], value: 1, names: ["object"] },
      { path: ["v", "0"], value: "x", names: [] },
      { path: ["a", "b", "c"], value: [1, { d: null }], names: ["deep"] },
      { path: ["a", "b"], value: { c: [1, { d: null }] }, names: ["deep"] },
      { path: ["a.b"], value: "flat", names: ["dotted"] },
      { path: ["a", "b"], value: "flat", names: [] },
      { path: ["a\\b"], value: "backslash", names: ["dotted"] },
      { path: ['q"u'], value: "quote", names: ["dotted"] },
      { path: ["$.x[0]"], value: "path", names: ["dotted"] },
      { path: [""], value: "empty", names: ["dotted"] },
      { path: ["ünï"], value: "🎈", names: ["dotted"] },
      { path: ["missing"], value: null, names: [] },
    ])("$path = $value chooses $names", async ({ path, value, names }) => {
      expect(await namesOf(ownerId, { metadata: { kind: "equal", path, value } })).toEqual(names);
    });

    it("of several conditions choose what meets all", async () => {
      const equal = (path: string[], value: JsonValue) => ({ kind: "equal" as const, path, value });
      const both = (...expressions: ReturnType<typeof equal>[]) => ({ metadata: { kind: "all" as const, expressions } });
      expect(await namesOf(ownerId, both(equal(["v", "a"], 1), equal(["v", "b"], 2)))).toEqual(["object"]);
      expect(await namesOf(ownerId, both(equal(["v", "a"], 1), equal(["v", "b"], 3)))).toEqual([]);
      expect(await namesOf(ownerId, { metadata: { kind: "all", expressions: [both(equal(["v"], 1)).metadata] } })).toEqual([
        "number",
      ]);
    });

    it("take values as values and never as SQL", async () => {
      const value = `'); drop table llmemory.documents; --`;
      expect(await namesOf(ownerId, { metadata: { kind: "equal", path: [value], value } })).toEqual([]);
      expect(await namesOf(ownerId, { idsAtOrigin: [value] })).toEqual([]);
      expect(await namesOf(ownerId, {})).toHaveLength(Object.keys(documents).length);
    });
  });
});
