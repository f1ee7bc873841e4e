/** What a chunk's text does not say of itself: where it belongs. It goes in front of what is embedded, and into a text index of its own. */
import type { DocumentType, JsonObject } from "../domain/document.ts";
import { limits } from "../domain/limits.ts";
import { cutPassage } from "./cut-passage.ts";
import type { WordPieceTokenizer } from "./wordpiece-tokenizer.ts";

/** What a document says of all its chunks. */
export interface DocumentFacts {
  readonly documentName: string;
  readonly documentType: DocumentType;
  readonly documentDate: Date | undefined;
  /** BCP 47; the date is written in it. */
  readonly language: string;
}

/**
 * Writes the prefix of a document's chunks: `Annual report > Costs > Travel (report, 8 May 2023)`, name and headings first, since what
 * does not fit is left out at the end. Empty if there is nothing but a type, which tells no document from another.
 *
 * @returns by the metadata of a chunk.
 */
export function contextTemplate(facts: DocumentFacts): (chunkMetadata: JsonObject) => string {
  const { documentName, documentType, documentDate, language } = facts;
  const name = inOneLine(cutPassage(documentName, limits.modelDocumentNameCharsMax));
  const date = documentDate && dateText(documentDate, language);
  const type = documentType === "unknown" || documentType === "text" ? "" : documentType.replaceAll("_", " ");
  const details = [type, date ?? ""].filter((part) => part !== "");
  return ({ headings }) => {
    const path = Array.isArray(headings) ? headings.filter((heading) => typeof heading === "string") : [];
    // A document is often named by its first heading.
    const places = [name, ...path.map(inOneLine)].filter((place, index, all) => place !== "" && place !== all[index - 1]);
    if (places.length === 0 && date === undefined) return "";
    const place = places.join(" > ");
    return details.length === 0 ? place : `${place} (${details.join(", ")})`.trim();
  };
}

/**
 * The beginning of a prefix that fits: words as long as there are tokens for them.
 *
 * @param tokensMax what the model takes beside the chunk; the line feed between the two is no token.
 * @returns undefined if nothing fits.
 */
export function fitPrefix(tokenizer: WordPieceTokenizer, prefix: string, tokensMax: number): string | undefined {
  const tokensLeft = Math.min(tokensMax, limits.contextPrefixTokensMax);
  const { stop } = tokenizer.firstWords(prefix, { start: 0, end: prefix.length, tokensMax: tokensLeft });
  const fitting =
    stop === prefix.length
      ? prefix.trim()
      : prefix
          .slice(0, stop)
          .replace(/[\s>(,]+$/u, "")
          .trim();
  return fitting === "" ? undefined : fitting;
}

/** The day, since a time of day has no time zone here that a reader would mean. */
function dateText(date: Date, language: string): string {
  const options = { dateStyle: "long", calendar: "gregory", numberingSystem: "latn", timeZone: "UTC" } as const;
  try {
    return new Intl.DateTimeFormat(language === "und" ? "en" : language, options).format(date);
  } catch {
    // Not every tag that clients may give is one that dates can be written in.
    return new Intl.DateTimeFormat("en", options).format(date);
  }
}

function inOneLine(text: string): string {
  return text.trim().replace(/\s+/gu, " ");
}
