import { basename } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import type { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import { ExtractionError } from "../extract/extraction-error.ts";
import type { TextExtractor } from "../extract/text-extractor.ts";
import type { IngestSource } from "./ingest-connection.ts";
import type { ListedFile } from "./walk-folder.ts";

/** What all documents of a folder have in common. */
export interface FolderDocumentOptions {
  /** Before the relative path in ids at origin. */
  readonly prefix: string;
  /** Instead of the type that the extension tells. */
  readonly documentType: DocumentType | undefined;
  readonly language: string;
  readonly metadata: JsonObject;
}

/** The client's key of a file: stable as long as the file keeps its place in the folder. */
export function idAtOrigin(file: ListedFile, options: FolderDocumentOptions): string {
  return options.prefix + file.relativePath;
}

/**
 * The documents of listed files, in their order.
 *
 * A file without text keeps its sequence: it is sent without content, which the service refuses and records, so that positions
 * do not depend on which files could be read. `problems` then has the real reason.
 */
export class FolderSource implements IngestSource {
  readonly #files: readonly ListedFile[];
  readonly #options: FolderDocumentOptions;
  readonly #extractor: TextExtractor;
  /** Why no text could be taken from a file, by id at origin. */
  readonly problems = new Map<string, string>();
  /** Size of the files that were read. */
  bytesRead = 0;

  constructor(files: readonly ListedFile[], options: FolderDocumentOptions, extractor: TextExtractor) {
    this.#files = files;
    this.#options = options;
    this.#extractor = extractor;
  }

  get count(): number {
    return this.#files.length;
  }

  async documentAt(sequence: number, signal: AbortSignal): ReturnType<IngestSource["documentAt"]> {
    const file = this.#files[sequence - 1];
    if (file === undefined) throw new Error(`the stream has ${this.count} documents; there is no document ${sequence}`);
    const { documentType, language, metadata } = this.#options;
    const id = idAtOrigin(file, this.#options);
    return {
      idAtOrigin: id,
      documentName: basename(file.relativePath),
      documentType: documentType ?? file.kind.documentType,
      content: await this.#contentOf(file, id, signal),
      metadata,
      language,
    };
  }

  async #contentOf(file: ListedFile, id: string, signal: AbortSignal): Promise<string> {
    try {
      const content = await this.#extractor.extractFile(file.path, file.kind.format, signal);
      this.bytesRead += Number(file.sizeBytes);
      this.problems.delete(id);
      return content;
    } catch (error) {
      if (!(error instanceof ExtractionError)) throw error;
      this.problems.set(id, error.message);
      return "";
    }
  }
}
