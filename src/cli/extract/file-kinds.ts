import { basename, extname } from "node:path";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";

/** How the text is taken out of a file. */
export type FileFormat = "text" | "html" | "pdf" | "docx" | "email";

export interface FileKind {
  readonly format: FileFormat;
  readonly documentType: DocumentType;
}

const text: FileKind = { format: "text", documentType: DocumentType.TEXT };
const code: FileKind = { format: "text", documentType: DocumentType.CODE };

const kindsByExtensions: readonly (readonly [extensions: string, kind: FileKind])[] = [
  [".txt .text .log .rst .adoc .asciidoc .org .tex .csv .tsv .json .jsonl .ndjson .srt .vtt", text],
  [".md .markdown .mdown .mkd .mdx", { format: "text", documentType: DocumentType.MARKDOWN }],
  [".html .htm .xhtml", { format: "html", documentType: DocumentType.HTML }],
  [".pdf", { format: "pdf", documentType: DocumentType.PDF }],
  [".docx", { format: "docx", documentType: DocumentType.DOCX }],
  [".eml", { format: "email", documentType: DocumentType.EMAIL }],
  [".chat", { format: "text", documentType: DocumentType.CHAT }],
  [".js .mjs .cjs .jsx .ts .mts .cts .tsx .vue .svelte .css .scss .less", code],
  [".py .pyi .rb .php .pl .pm .lua .r .jl .ex .exs .erl .hs .ml .mli .clj .cljs .lisp .el .scm", code],
  [".go .rs .java .kt .kts .scala .groovy .swift .dart .cs .fs .vb .m .mm .zig .nim", code],
  [".c .h .cc .cpp .cxx .hh .hpp .hxx .s .asm .cu", code],
  [".sh .bash .zsh .fish .ps1 .bat .cmd .sql .proto .graphql .thrift", code],
  [".yaml .yml .toml .ini .cfg .conf .properties .xml .gradle .cmake .mk .tf .hcl .nix", code],
];

const kindByExtension = new Map(
  kindsByExtensions.flatMap(([extensions, kind]) => extensions.split(" ").map((extension) => [extension, kind] as const)),
);

const kindByName = new Map<string, FileKind>([
  ...[
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "authors",
    "contributors",
    "contributing",
    "changelog",
    "changes",
    "todo",
  ].map((name) => [name, text] as const),
  ...["makefile", "dockerfile", "containerfile", "jenkinsfile", "rakefile", "gemfile", "justfile"].map(
    (name) => [name, code] as const,
  ),
]);

/** What a file is by its name; undefined: not a kind that llmemory takes text from. */
export function fileKind(path: string): FileKind | undefined {
  const name = basename(path).toLowerCase();
  return kindByExtension.get(extname(name)) ?? kindByName.get(name);
}

/** Reads any file as plain text: for a file that was named by the user although its kind is not known. */
export const plainTextKind = text;
