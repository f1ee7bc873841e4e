import { styleText } from "node:util";
import type { OutputStream } from "../command-context.ts";

type Format = Parameters<typeof styleText>[0];

/** Styles text for one stream: plain unless it is a terminal; NO_COLOR and FORCE_COLOR are honoured. */
export function styleFor(stream: OutputStream): (format: Format, text: string) => string {
  return (format, text) => styleText(format, text, { stream, validateStream: true });
}

/**
 * Text of a document as it may be shown on a terminal: control characters, which could move the cursor, recolour or retitle the
 * terminal, become visible symbols; line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** The same for text that has to stay on one line. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, " ").trim());
}
