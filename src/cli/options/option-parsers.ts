import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { InvalidArgumentError } from "commander";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { documentTypes } from "../../domain/document.ts";

/** The types as the command line writes them: `markdown`, `legal-document`. */
export const documentTypeNames = documentTypes.map((type) => type.replaceAll("_", "-"));

/** Parses a document type; `legal_document` and `LEGAL_DOCUMENT` are understood, too. */
export function parseDocumentType(text: string): DocumentType {
  const name = text.toUpperCase().replaceAll("-", "_");
  const type = DocumentType[name as keyof typeof DocumentType];
  if (type === undefined || type === DocumentType.UNSPECIFIED)
    throw new InvalidArgumentError(`It must be one of ${documentTypeNames.join(", ")}.`);
  return type;
}

/** The name of a type as the command line writes it. */
export function documentTypeName(type: DocumentType): string {
  return (DocumentType[type] ?? String(type)).toLowerCase().replaceAll("_", "-");
}

/** Collects types of an option that may be repeated. */
export function collectDocumentType(text: string, before: readonly DocumentType[] = []): readonly DocumentType[] {
  return [...before, parseDocumentType(text)];
}

/** Collects the texts of an option that may be repeated. */
export function collectText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** One `key=value`. */
export interface KeyValue {
  readonly key: string;
  readonly value: JsonValue;
}

/** Parses `key=value`: the value is JSON if it can be read as JSON (`3`, `true`, `["a"]`, `"3"`), else it is the text itself. */
export function parseKeyValue(text: string): KeyValue {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("It must be key=value.");
  const value = text.slice(equals + 1);
  try {
    return { key: text.slice(0, equals), value: JSON.parse(value) as JsonValue };
  } catch {
    return { key: text.slice(0, equals), value };
  }
}

/** Collects `key=value` of an option that may be repeated. */
export function collectKeyValue(text: string, before: readonly KeyValue[] = []): readonly KeyValue[] {
  return [...before, parseKeyValue(text)];
}

/** Metadata from `key=value` pairs; a key given twice keeps its last value. */
export function metadataFrom(pairs: readonly KeyValue[]): JsonObject {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}

/**
 * Parses an ISO 8601 date (`2026-01-31`) or time (`2026-01-31T10:00:00+01:00`). Without an offset it is UTC, so that a command
 * means the same on every machine.
 *
 * @param edge which moment a date without time of day stands for.
 */
export function parseDate(text: string, edge: "start" | "end" = "start"): Timestamp {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  const day = match?.[1];
  const time = match?.[2] ?? (edge === "start" ? "00:00" : "23:59:59.999");
  const date = new Date(`${day}T${time}${match?.[3] ?? "Z"}`);
  // 2026-02-31 is read as 3 March; what comes back must be the day that went in.
  const sameDay = !Number.isNaN(Date.parse(`${day}T00:00Z`)) && new Date(`${day}T00:00Z`).toISOString().startsWith(`${day}`);
  if (match === null || Number.isNaN(date.getTime()) || !sameDay)
    throw new InvalidArgumentError("It must be a date such as 2026-01-31 or a time such as 2026-01-31T10:00:00Z.");
  return timestampFromDate(date);
}

/** A parser of whole numbers. */
export function wholeNumber(range: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < range.min || value > range.max)
      throw new InvalidArgumentError(`It must be a whole number from ${range.min} to ${range.max}.`);
    return value;
  };
}

/** A parser of numbers from 0 to 1. */
export function parseFraction(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) throw new InvalidArgumentError("It must be a number from 0 to 1.");
  return value;
}

/** A parser of finite numbers. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

/** A hundred years of 365.25 days. */
const daysMax = 36_525;

/** A parser of days; gives milliseconds. */
export function parseDays(text: string): number {
  const milliseconds = Math.round(Number(text) * 86_400_000);
  if (!(milliseconds >= 1 && milliseconds <= daysMax * 86_400_000))
    throw new InvalidArgumentError(`It must be a number of days above 0, at most ${daysMax}.`);
  return milliseconds;
}
