import { create, fromJson, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Command } from "commander";
import { type DocumentType, type FilterSchema, MetadataConditionSchema } from "#gen/llmemory/v1/document_pb.js";
import {
  collectDocumentType,
  collectKeyValue,
  collectText,
  documentTypeNames,
  type KeyValue,
  parseDate,
} from "./option-parsers.ts";

/** The options that choose among documents. */
export interface FilterOptions {
  readonly origin?: readonly string[];
  readonly documentType?: readonly DocumentType[];
  readonly documentLanguage?: readonly string[];
  readonly from?: Timestamp;
  readonly to?: Timestamp;
  readonly where?: readonly KeyValue[];
}

/** Adds --origin, --document-type, --document-language, --from, --to and --where. */
export function addFilterOptions(command: Command): Command {
  return command
    .option("--origin <id>", "only the document with this id at origin; may be repeated", collectText)
    .option(
      "--document-type <type>",
      `only documents of this type (${documentTypeNames.join(", ")}); may be repeated`,
      collectDocumentType,
    )
    .option("--document-language <tag>", "only documents in this language, such as en or pt-BR; may be repeated", collectText)
    .option("--from <date>", "only documents dated on this day or later, or at this time", (text: string) => parseDate(text))
    .option("--to <date>", "only documents dated on this day or earlier, or at this time", (text: string) =>
      parseDate(text, "end"),
    )
    .option(
      "--where <path=value>",
      "only documents whose metadata have this value (JSON, else text) at this path (names joined by dots); repeated: all must hold",
      collectKeyValue,
    );
}

/** The filter that the options ask for; without options it chooses everything. */
export function filterFrom(options: FilterOptions): MessageInitShape<typeof FilterSchema> {
  const conditions = (options.where ?? []).map(({ key, value }) => ({
    expression: {
      case: "condition" as const,
      value: create(MetadataConditionSchema, { path: key, value: fromJson(ValueSchema, value) }),
    },
  }));
  return {
    idsAtOrigin: [...(options.origin ?? [])],
    documentTypes: [...(options.documentType ?? [])],
    languages: [...(options.documentLanguage ?? [])],
    ...(options.from ? { dateFrom: options.from } : {}),
    ...(options.to ? { dateTo: options.to } : {}),
    ...(conditions.length > 0 ? { metadata: { expression: { case: "all", value: { expressions: conditions } } } } : {}),
  };
}
