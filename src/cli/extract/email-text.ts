import { ExtractionError } from "./extraction-error.ts";

/** Deeper nesting of parts is not made by mail programs. */
const partDepthMax = 10;
const headersKept = ["from", "to", "cc", "date", "subject"] as const;

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  /** One character per byte. */
  readonly body: string;
}

/**
 * The text of an e-mail (RFC 5322 and MIME): the headers that people read, an empty line, and the body as plain text. Of
 * alternatives the plain one is taken; attachments are left out.
 *
 * @param htmlToText turns a body that exists only as HTML into text.
 * @throws ExtractionError if no part has text, or its encoding is not known.
 */
export async function emailText(bytes: Uint8Array, htmlToText: (html: string) => Promise<string>): Promise<string> {
  const message = parseEntity(Buffer.from(bytes).toString("latin1"));
  const body = await entityText(message, htmlToText, 0);
  if (body.trim() === "") throw new ExtractionError("no text found in the e-mail");
  const headers = headersKept.flatMap((name) => {
    const value = message.headers.get(name);
    return value === undefined ? [] : [`${name[0]?.toUpperCase()}${name.slice(1)}: ${decodeWords(value)}`];
  });
  return `${headers.join("\n")}\n\n${body.replaceAll("\r\n", "\n").trim()}\n`;
}

function parseEntity(source: string): Entity {
  const separator = /\r?\n\r?\n/.exec(source);
  const head = separator ? source.slice(0, separator.index) : source;
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { headers, body: separator ? source.slice(separator.index + separator[0].length) : "" };
}

async function entityText(entity: Entity, htmlToText: (html: string) => Promise<string>, depth: number): Promise<string> {
  const type = entity.headers.get("content-type") ?? "text/plain";
  const mediaType = type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (depth > partDepthMax || /^attachment/i.test(entity.headers.get("content-disposition") ?? "")) return "";
  if (mediaType === "text/plain") return decodeBody(entity, type);
  if (mediaType === "text/html") return htmlToText(decodeBody(entity, type));
  const boundary = parameter(type, "boundary");
  if (!mediaType.startsWith("multipart/") || boundary === undefined) return "";
  const parts = splitParts(entity.body, boundary).map(parseEntity);
  const texts: string[] = [];
  for (const part of mediaType === "multipart/alternative" ? plainestFirst(parts) : parts) {
    const text = await entityText(part, htmlToText, depth + 1);
    if (text.trim() === "") continue;
    texts.push(text);
    if (mediaType === "multipart/alternative") break;
  }
  return texts.join("\n\n");
}

function plainestFirst(parts: readonly Entity[]): Entity[] {
  const isPlain = (part: Entity) => /^text\/plain/i.test(part.headers.get("content-type") ?? "text/plain");
  return [...parts.filter(isPlain), ...parts.filter((part) => !isPlain(part))];
}

/** The bodies between the lines that are the boundary. */
function splitParts(body: string, boundary: string): string[] {
  const parts: string[][] = [];
  for (const line of body.split("\n")) {
    const delimiter = line.trimEnd();
    if (delimiter === `--${boundary}--`) break;
    if (delimiter === `--${boundary}`) parts.push([]);
    else parts.at(-1)?.push(line);
  }
  return parts.map((lines) => lines.join("\n"));
}

function decodeBody(entity: Entity, contentType: string): string {
  const encoding = entity.headers.get("content-transfer-encoding")?.trim().toLowerCase() ?? "7bit";
  return decodeCharset(decodeTransfer(entity.body, encoding), parameter(contentType, "charset") ?? "utf-8");
}

function decodeTransfer(body: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body, "base64");
  if (encoding === "quoted-printable") return unquote(body.replace(/[ \t]*=\r?\n/g, ""));
  if (["7bit", "8bit", "binary"].includes(encoding)) return Buffer.from(body, "latin1");
  throw new ExtractionError(`has a body with the unknown transfer encoding "${encoding}"`);
}

function unquote(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9A-Fa-f]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

function decodeCharset(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ExtractionError(`has a body that is not valid ${charset}`, { cause: error });
  }
}

/** RFC 2047: `=?utf-8?B?…?=` in headers. */
function decodeWords(value: string): string {
  const joined = Buffer.from(value, "latin1")
    .toString("utf8")
    .replace(/\?=\s+=\?/g, "?==?");
  return joined.replace(
    /=\?([^?*]+)(?:\*[^?]*)?\?([BQ])\?([^?]*)\?=/gi,
    (_match, charset: string, encoding: string, text: string) => {
      const bytes = encoding.toUpperCase() === "B" ? Buffer.from(text, "base64") : unquote(text.replaceAll("_", " "));
      return decodeCharset(bytes, charset);
    },
  );
}

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(header);
  return match?.[1] ?? match?.[2];
}
