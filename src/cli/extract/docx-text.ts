import mammoth from "mammoth";
import { ExtractionError } from "./extraction-error.ts";
import { htmlText } from "./html-text.ts";

/** The text of a Word document, with its paragraphs, lists and tables; pictures are left out. */
export async function docxText(bytes: Uint8Array): Promise<string> {
  try {
    // By way of HTML, since mammoth's raw text loses which cells make a row.
    const convertImage = mammoth.images.imgElement(async () => ({ src: "" }));
    const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) }, { convertImage });
    return htmlText(value);
  } catch (error) {
    throw new ExtractionError("is not a readable DOCX", { cause: error });
  }
}
