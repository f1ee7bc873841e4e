import { timestampDate } from "@bufbuild/protobuf/wkt";
import { InvalidArgumentError } from "commander";
import { expect, it } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import {
  collectKeyValue,
  documentTypeName,
  metadataFrom,
  parseDate,
  parseDays,
  parseDocumentType,
  parseFraction,
  parseKeyValue,
  parseNumber,
  wholeNumber,
} from "../../../src/cli/options/option-parsers.ts";

it.each([
  ["team=search", { key: "team", value: "search" }],
  ["year=2026", { key: "year", value: 2026 }],
  ["open=true", { key: "open", value: true }],
  ['year="2026"', { key: "year", value: "2026" }],
  ['tags=["a","b"]', { key: "tags", value: ["a", "b"] }],
  ["formula=a=b", { key: "formula", value: "a=b" }],
  ["empty=", { key: "empty", value: "" }],
])("reads %s", (text, expected) => {
  expect(parseKeyValue(text)).toEqual(expected);
});

it("collects metadata; a key given twice keeps its last value", () => {
  expect(
    metadataFrom(["a=1", "b=x", "a=2"].reduce((pairs, text) => [...collectKeyValue(text, pairs)], [parseKeyValue("c=0")])),
  ).toEqual({
    a: 2,
    b: "x",
    c: 0,
  });
});

it.each([
  ["2026-01-31", "start", "2026-01-31T00:00:00.000Z"],
  ["2026-01-31", "end", "2026-01-31T23:59:59.999Z"],
  ["2026-01-31T10:00", "start", "2026-01-31T10:00:00.000Z"],
  ["2026-01-31T10:00:30+02:00", "end", "2026-01-31T08:00:30.000Z"],
  ["2024-02-29", "start", "2024-02-29T00:00:00.000Z"],
] as const)("reads the date %s (%s)", (text, edge, expected) => {
  expect(timestampDate(parseDate(text, edge)).toISOString()).toBe(expected);
});

it.each([
  [() => parseDate("2026-02-31")],
  [() => parseDate("31.1.2026")],
  [() => parseDate("2026-01-31T25:00Z")],
  [() => parseDate("")],
  [() => parseKeyValue("novalue")],
  [() => parseKeyValue("=value")],
  [() => parseDocumentType("novel")],
  [() => parseDocumentType("unspecified")],
  [() => parseFraction("1.5")],
  [() => parseFraction("")],
  [() => wholeNumber({ min: 1, max: 100 })("0")],
  [() => wholeNumber({ min: 1, max: 100 })("1e1")],
  [() => parseNumber("")],
  [() => parseNumber("a")],
  [() => parseNumber("Infinity")],
  [() => parseDays("0")],
  [() => parseDays("-1")],
  [() => parseDays("36525.1")],
  [() => parseDays("a")],
])("refuses %s", (parse) => {
  expect(parse).toThrow(InvalidArgumentError);
});

it.each([["legal-document"], ["legal_document"], ["LEGAL_DOCUMENT"]])("reads the type %s", (text) => {
  expect(documentTypeName(parseDocumentType(text))).toBe("legal-document");
  expect(parseDocumentType(text)).toBe(DocumentType.LEGAL_DOCUMENT);
});

it("reads numbers of either sign, and days as milliseconds", () => {
  expect(["-3.5", "0", "7"].map(parseNumber)).toEqual([-3.5, 0, 7]);
  expect(["0.5", "30", "36525"].map(parseDays)).toEqual([43_200_000, 2_592_000_000, 3_155_760_000_000]);
});
