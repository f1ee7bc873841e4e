import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { chunkText } from "../../src/chunking/chunk-text.ts";
import { startTextChunker, type TextChunker } from "../../src/chunking/text-chunker.ts";
import type { ChunkRequest } from "../../src/chunking/text-chunker-protocol.ts";
import { loadTokenizer } from "../../src/chunking/wordpiece-tokenizer.ts";
import { CancelledError, DeadlineExceededError, StartupError } from "../../src/domain/errors.ts";

const tokenizerPath = fileURLToPath(new URL("../../models/e5-small-v2/tokenizer.json", import.meta.url));
const leafTokensMax = 508;
const signal = new AbortController().signal;
const request: ChunkRequest = {
  content: "The river carries clear water past the old mill and the bridge. ".repeat(40),
  documentType: "text",
  language: undefined,
  options: {},
};
/** Cannot be chunked: the thread throws at the first look at the options. */
const impossible = { ...request, options: undefined } as unknown as ChunkRequest;
/** No request at all: the thread fails outside of what it catches, and stops. */
const lethal = undefined as unknown as ChunkRequest;

let chunker: TextChunker | undefined;

async function start(): Promise<TextChunker> {
  chunker = await startTextChunker({ tokenizerPath, leafTokensMax });
  return chunker;
}

afterEach(async () => {
  await chunker?.close();
  chunker = undefined;
});

describe("the text chunker", () => {
  it("gives the chunks of the text and its language", async () => {
    const { content, documentType, options } = request;
    const tokenizer = loadTokenizer(readFileSync(tokenizerPath, "utf8"));
    expect(await (await start()).chunk(request, signal)).toEqual({
      chunks: chunkText(tokenizer, { content, documentType, options, leafTokensMax }),
      language: "en",
    });
  });

  it("keeps a language that is given", async () => {
    expect((await (await start()).chunk({ ...request, language: "pt-BR" }, signal)).language).toBe("pt-BR");
  });

  it("enriches leaves as it is asked to, in the language that it finds", async () => {
    const prefixOf = { documentName: "River", documentDate: new Date("2026-03-01") };
    const { chunks } = await (await start()).chunk({ ...request, prefixOf, summarizes: true }, signal);
    const leaves = chunks.filter(({ level }) => level === 0);
    expect(leaves.map(({ contextPrefix }) => contextPrefix)).toEqual(leaves.map(() => "River (March 1, 2026)"));
    expect(leaves[0]?.summary).toContain("clear water");
  });

  it("shortens prefixes to what the model takes beside their chunks", async () => {
    const prefix = "one two three four five";
    const fitting = await (await start()).fitPrefixes(
      [
        { prefix, chunkTokens: 100 },
        { prefix, chunkTokens: leafTokensMax - 2 },
        { prefix, chunkTokens: leafTokensMax },
      ],
      signal,
    );
    expect(fitting).toEqual([prefix, "one two", undefined]);
  });

  it("answers in the order of the calls", async () => {
    const { chunk } = bound(await start());
    const order: number[] = [];
    await Promise.all(
      [40, 1, 5].map((times) => chunk({ ...request, content: request.content.repeat(times) }).then(() => order.push(times))),
    );
    expect(order).toEqual([40, 1, 5]);
  });

  it("leaves the event loop free meanwhile", async () => {
    const { chunk } = bound(await start());
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    await chunk(request);
    expect(hasTurned).toBe(true);
  });

  it("fails a call that cannot be chunked, and only that one", async () => {
    const { chunk } = bound(await start());
    const outcomes = await Promise.allSettled([chunk(request), chunk(impossible), chunk(request)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("fails the call that stops the thread, and starts a new one for the next", async () => {
    const { chunk } = bound(await start());
    const outcomes = await Promise.allSettled([chunk(lethal), chunk(request)]);
    expect(outcomes).toMatchObject([
      { status: "rejected", reason: { message: expect.stringContaining("thread stopped") } },
      { status: "fulfilled", value: { language: "en" } },
    ]);
    expect((await chunk(request)).language).toBe("en");
  });

  it("ends a call at once when its caller goes away or its time is over", async () => {
    const textChunker = await start();
    const caller = new AbortController();
    const running = textChunker.chunk({ ...request, content: request.content.repeat(50) }, caller.signal);
    const waiting = textChunker.chunk(request, caller.signal);
    caller.abort();
    await expect(running).rejects.toThrow(CancelledError);
    await expect(waiting).rejects.toThrow(CancelledError);
    await expect(textChunker.chunk(request, AbortSignal.abort(new DOMException("late", "TimeoutError")))).rejects.toThrow(
      DeadlineExceededError,
    );
    expect((await textChunker.chunk(request, signal)).language).toBe("en");
  });

  it("fails the calls that wait when it is closed, and later ones", async () => {
    const { chunk } = bound(await start());
    const calls = Promise.allSettled([chunk(request), chunk(request)]);
    await chunker?.close();
    expect((await calls).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(chunk(request)).rejects.toThrow("closed");
  });

  it("does not start without its tokenizer, and says which it is", async () => {
    const starting = startTextChunker({ tokenizerPath: "/nowhere/tokenizer.json", leafTokensMax });
    await expect(starting).rejects.toThrow(StartupError);
    await expect(starting).rejects.toThrow("/nowhere/tokenizer.json");
  });
});

function bound(textChunker: TextChunker): { chunk: (of: ChunkRequest) => ReturnType<TextChunker["chunk"]> } {
  return { chunk: (of) => textChunker.chunk(of, signal) };
}
