import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExtractionError } from "../../../src/cli/extract/extraction-error.ts";
import { TextExtractor } from "../../../src/cli/extract/text-extractor.ts";
import { makeDocx, makePdf, paragraph } from "./make-documents.ts";

const signal = new AbortController().signal;
let extractor: TextExtractor;
let folder: string;

beforeAll(async () => {
  extractor = new TextExtractor();
  folder = await mkdtemp(join(tmpdir(), "llmemory-extract-"));
});

afterAll(async () => {
  await extractor[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("text", () => {
  it("is taken as it is, without the byte order mark", async () => {
    expect(await extractor.extract(Buffer.from("\ufeffGrüße\r\n日本"), "text", signal)).toBe("Grüße\r\n日本");
  });

  it("is read as UTF-16 if a byte order mark says so", async () => {
    expect(await extractor.extract(Buffer.from("\ufeffGrüße", "utf16le"), "text", signal)).toBe("Grüße");
  });

  it.each([
    ["latin-1", Buffer.from("Grüße", "latin1"), /is not valid UTF-8/],
    ["a NUL", Buffer.from("ab\0c"), /NUL at character 2/],
    ["half a surrogate pair", Buffer.from([0xff, 0xfe, 0x00, 0xd8]), /is not valid UTF-16LE/],
    ["white space alone", Buffer.from(" \n\t"), /no text found/],
  ])("is refused with %s", async (_name, bytes, message) => {
    await expect(extractor.extract(bytes, "text", signal)).rejects.toThrow(message);
  });
});

describe("a PDF", () => {
  it("gives its text, page by page", async () => {
    expect(await extractor.extract(makePdf(["First page (1)", "Second page"]), "pdf", signal)).toBe(
      "First page (1)\n\nSecond page",
    );
  });

  it("without text says that it may be scanned", async () => {
    await expect(extractor.extract(makePdf([""]), "pdf", signal)).rejects.toThrow("no text found (a scanned PDF?)");
  });

  it("that is broken fails, and the next file is read", async () => {
    await expect(extractor.extract(Buffer.from("%PDF-1.4 broken"), "pdf", signal)).rejects.toThrow("is not a readable PDF");
    expect(await extractor.extract(makePdf(["fine"]), "pdf", signal)).toBe("fine");
  });

  it("that takes too long fails, and the next file is read", async () => {
    await using impatient = new TextExtractor({ timeoutMs: 0 });
    await expect(impatient.extract(makePdf(["slow"]), "pdf", signal)).rejects.toThrow("took longer than");
    expect(await extractor.extract(makePdf(["fine"]), "pdf", signal)).toBe("fine");
  });
});

describe("a Word document", () => {
  it("gives paragraphs, and tables row by row", async () => {
    const cell = (text: string) => `<w:tc>${paragraph(text)}</w:tc>`;
    const table = `<w:tbl><w:tr>${cell("a")}${cell("1")}</w:tr><w:tr><w:tc>${paragraph("b")}${paragraph("c")}</w:tc>${cell("2")}</w:tr></w:tbl>`;
    const text = await extractor.extract(makeDocx(paragraph("One &amp; two") + paragraph("Three") + table), "docx", signal);
    expect(text).toMatch(/^One & two\n\nThree\n\n/);
    expect(text.split("\n").filter((line) => line.includes("|"))).toEqual(["a | 1", "b c | 2"]);
  });

  it("that is none fails", async () => {
    await expect(extractor.extract(Buffer.from("no zip"), "docx", signal)).rejects.toThrow("is not a readable DOCX");
  });
});

describe("HTML", () => {
  it("gives what a reader sees, without scripts, addresses and pictures", async () => {
    const html =
      "<html><head><title>T</title><style>x{}</style></head><body><script>bad()</script><h1>Head</h1>" +
      "<p>Text with a <a href='http://x'>link</a>.<img src=x></p><table><tr><th>N<th>V<tr><td>a<td>1</table></body></html>";
    expect(await extractor.extract(Buffer.from(html), "html", signal)).toBe("Head\n\nText with a link.\n\nN | V\na | 1");
  });
});

describe("a file", () => {
  it.each([
    ["missing.txt", undefined, "does not exist"],
    ["empty.txt", "", "is empty"],
  ])("%s fails", async (name, content, message) => {
    const path = join(folder, name);
    if (content !== undefined) await writeFile(path, content);
    await expect(extractor.extractFile(path, "text", signal)).rejects.toThrow(new ExtractionError(message));
  });

  it("that is a folder fails", async () => {
    await expect(extractor.extractFile(folder, "text", signal)).rejects.toThrow("is a folder");
  });

  it("that is larger than a document may be fails", async () => {
    const path = join(folder, "large.txt");
    await writeFile(path, Buffer.alloc(15 * 1024 * 1024 + 1, "x"));
    await expect(extractor.extractFile(path, "text", signal)).rejects.toThrow("has 15.0 MiB; at most 15.0 MiB are taken");
  });
});
