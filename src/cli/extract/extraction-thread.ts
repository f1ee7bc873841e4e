import { parentPort } from "node:worker_threads";
import { docxText } from "./docx-text.ts";
import { ExtractionError } from "./extraction-error.ts";
import { htmlText } from "./html-text.ts";
import { pdfText } from "./pdf-text.ts";

/** What the thread is asked for. */
export interface ExtractionRequest {
  readonly format: "html" | "pdf" | "docx";
  /** HTML is given as text, the others as bytes. */
  readonly source: string | Uint8Array;
}

/** What it answers. */
export type ExtractionReply = { readonly text: string } | { readonly problem: string };

/** Takes the text out of one file after the other. */
async function extract({ format, source }: ExtractionRequest): Promise<string> {
  if (typeof source === "string") return htmlText(source);
  return format === "pdf" ? pdfText(source) : docxText(source);
}

parentPort?.on("message", (request: ExtractionRequest) => {
  extract(request).then(
    (text) => parentPort?.postMessage({ text } satisfies ExtractionReply),
    (error: unknown) => {
      const problem =
        error instanceof ExtractionError ? error.message : `could not be read as ${request.format}: ${String(error)}`;
      parentPort?.postMessage({ problem } satisfies ExtractionReply);
    },
  );
});
