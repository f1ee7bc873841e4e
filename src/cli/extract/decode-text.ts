import { ExtractionError } from "./extraction-error.ts";

/**
 * Decodes a text file: UTF-8, or UTF-16 that begins with a byte order mark, which is left out. Nothing is guessed: a file in
 * another encoding would be stored as garbage, so it fails instead.
 *
 * @throws ExtractionError if the bytes are not such a text, or hold NUL, which no text has.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = decode(bytes);
  const nulAt = text.indexOf("\0");
  if (nulAt >= 0) throw new ExtractionError(`is not a text file: it has a NUL at character ${nulAt}`);
  return text;
}

function decode(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const advice = encoding === "utf-8" ? "; convert it to UTF-8 first (iconv -f latin1 -t utf-8)" : "";
    throw new ExtractionError(`is not valid ${encoding.toUpperCase()}${advice}`, { cause: error });
  }
}
