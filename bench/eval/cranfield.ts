import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { limits } from "../../src/domain/limits.ts";
import type { JudgedCollection } from "./judged-collection.ts";

/** The Cranfield collection of abstracts on aerodynamics, from `cranfield/cran.all.1400`, `cran.qry` and `cranqrel`. */
export async function loadCranfield(dataDirectory: string): Promise<JudgedCollection[]> {
  const read = (file: string) => readFile(join(dataDirectory, "cranfield", file), "utf8");
  const [documents, queries, judgements] = await Promise.all([read("cran.all.1400"), read("cran.qry"), read("cranqrel")]);
  return [cranfieldCollection({ documents, queries, judgements })];
}

/** Gain by code: 1 is a complete answer, 4 of minimum interest; 5 and -1 are of none. */
const gainByCode: Readonly<Record<string, number>> = { 1: 4, 2: 3, 3: 2, 4: 1 };

/** One document per abstract that has a text; documents are what is judged. */
export function cranfieldCollection(files: {
  readonly documents: string;
  readonly queries: string;
  readonly judgements: string;
}): JudgedCollection {
  const documents = parseRecords(files.documents)
    .map((record) => ({ id: String(Number(record.get("I"))), documentName: nameOf(record), content: contentOf(record) }))
    .filter(({ content }) => content !== "");
  const ids = new Set(documents.map(({ id }) => id));
  const gradesByQuery = parseJudgements(files.judgements);
  return {
    name: "cranfield",
    documents: documents.map(({ id, documentName, content }) => {
      return { idAtOrigin: id, documentName, documentType: DocumentType.TEXT, content };
    }),
    // The judgements number the queries by position, not by the number that the queries' file gives them.
    queries: parseRecords(files.queries).flatMap((record, index) => {
      const id = String(index + 1);
      const grades = gradesByQuery.get(id);
      return grades === undefined ? [] : [{ id, text: words(record.get("W")), category: undefined, grades }];
    }),
    judgedIdOf: ({ idAtOrigin }) => (ids.has(idAtOrigin) ? idAtOrigin : undefined),
  };
}

/** The title, as long as a name may be. */
function nameOf(record: ReadonlyMap<string, string>): string {
  return words(record.get("T")).slice(0, limits.documentNameCharsMax);
}

/** Title and text; most texts begin with their title. */
function contentOf(record: ReadonlyMap<string, string>): string {
  const title = words(record.get("T"));
  const text = words(record.get("W"));
  return text.startsWith(title) ? text : `${title} ${text}`.trim();
}

function parseJudgements(text: string): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const gradesByQuery = new Map<string, Map<string, number>>();
  for (const line of text.split("\n")) {
    const [query = "", document = "", code = ""] = line.trim().split(/\s+/);
    const gain = gainByCode[code];
    if (gain === undefined) continue;
    const grades = gradesByQuery.get(query) ?? new Map<string, number>();
    gradesByQuery.set(query, grades.set(document, gain));
  }
  return gradesByQuery;
}

/** Records of SMART's format: `.I 12` begins one, a line such as `.W` begins a field, which lasts until the next of either. */
function parseRecords(text: string): ReadonlyMap<string, string>[] {
  const records: Map<string, string>[] = [];
  let field: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, name, rest = ""] = /^\.([A-Z])\b\s*(.*)/.exec(line) ?? [];
    if (name === "I") {
      records.push(new Map([["I", rest.trim()]]));
      field = undefined;
    } else if (name !== undefined && line.trim().length === 2) {
      field = name;
    } else if (field !== undefined) {
      const record = records.at(-1);
      record?.set(field, `${record.get(field) ?? ""}${line}\n`);
    }
  }
  return records;
}

/** Without the line breaks and runs of spaces of the print. */
function words(text = ""): string {
  return text.trim().split(/\s+/).join(" ");
}
