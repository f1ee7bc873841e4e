import { getDocumentProxy } from "unpdf";
import { ExtractionError } from "./extraction-error.ts";

/** The text of a PDF, page by page, with an empty line between pages. Scanned pages have none. */
export async function pdfText(bytes: Uint8Array): Promise<string> {
  const document = await openPdf(bytes);
  try {
    const pages: string[] = [];
    // One page after the other: all at once would hold the whole document's glyphs in memory.
    for (let pageNumber = 1; pageNumber <= document.numPages; pageNumber++) {
      const page = await document.getPage(pageNumber);
      const { items } = await page.getTextContent();
      const pieces = items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : ""));
      pages.push(pieces.join("").trim());
      page.cleanup();
    }
    return withoutArtefacts(pages.filter((page) => page !== "").join("\n\n"));
  } finally {
    await document.loadingTask.destroy();
  }
}

async function openPdf(bytes: Uint8Array): ReturnType<typeof getDocumentProxy> {
  try {
    // Verbosity 0 keeps warnings about odd fonts off the terminal. PDF.js takes the buffer over, hence the copy.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (error) {
    const reason =
      error instanceof Error && error.name === "PasswordException" ? "is protected by a password" : "is not a readable PDF";
    throw new ExtractionError(reason, { cause: error });
  }
}

/** Removes what fonts with a broken character map leave behind: NULs, and halves of surrogate pairs. The author wrote neither. */
function withoutArtefacts(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}
