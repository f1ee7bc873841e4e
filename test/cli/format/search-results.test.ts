import { PassThrough } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { DocumentType } from "#gen/llmemory/v1/document_pb.js";
import {
  ContextRelation,
  Degradation,
  Plan,
  Route,
  SearchResponseSchema,
  ShortfallReason,
} from "#gen/llmemory/v1/search_service_pb.js";
import { renderSearchResponse } from "../../../src/cli/format/search-results.ts";

const view = { query: "pool", ownerId: "owner", stream: new PassThrough(), hitsMax: undefined };

it("shows each hit with score, document and snippet, and the receipt as the last line", () => {
  const response = create(SearchResponseSchema, {
    results: [
      {
        score: 0.91234,
        documentName: "README.md",
        idAtOrigin: "pg/README.md",
        documentType: DocumentType.MARKDOWN,
        chunkIndex: 2,
        content: "A pool.",
      },
      {
        score: 0.5,
        documentName: "Letter",
        idAtOrigin: "id-7",
        documentType: DocumentType.LEGAL_DOCUMENT,
        content: "No\u001b[2J pool",
      },
    ],
    receipt: {
      plan: Plan.EXACT,
      model: "local/e5-small-v2",
      candidatesVector: 1_200n,
      candidatesText: 1n,
      ownerChunks: 1_234n,
      shortfallReason: ShortfallReason.FEWER_MATCH,
      degraded: [Degradation.EMBEDDINGS_PENDING],
      stageTimes: [
        { stage: "embed", duration: { nanos: 4_200_000 } },
        { stage: "candidates", duration: { nanos: 12_000_000 } },
      ],
    },
  });
  expect(renderSearchResponse(response, view)).toBe(
    ` 1 0.912  pg/README.md  markdown, chunk 3
   A pool.

 2 0.500  Letter  id-7  legal-document, chunk 1
   No␛[2J pool

exact · 1,200 vectors compared · 1 chunk with words of the query · 1,234 chunks in all · no more match · degraded: some chunks are not embedded yet · local/e5-small-v2 · 16 ms (embed 4.2 ms, candidates 12 ms)
`,
  );
});

it("says when there is nothing", () => {
  expect(renderSearchResponse(create(SearchResponseSchema, {}), view)).toBe("No hits among the documents of owner owner.\n");
});

it("shows a hit amid its context, a line for each chunk", () => {
  const neighbor = { relation: ContextRelation.NEIGHBOR };
  const response = create(SearchResponseSchema, {
    results: [
      {
        idAtOrigin: "a",
        documentType: DocumentType.CHAT,
        chunkIndex: 2,
        content: "A pool.",
        context: [
          { relation: ContextRelation.PARENT, chunkIndex: 5, content: "# Pools\n\nAll of them." },
          { ...neighbor, chunkIndex: 1, content: "Before\nit." },
          { ...neighbor, chunkIndex: 3, content: "long ".repeat(50) },
        ],
      },
    ],
  });
  expect(renderSearchResponse(response, view)).toBe(
    ` 1 0.000  a  chat, chunk 3
   section: # Pools All of them.
   chunk 2: Before it.
   A pool.
   chunk 4: ${"long ".repeat(19).trim()}…
`,
  );
});

it("says where the query is best answered from", () => {
  const routing = { route: Route.WEB_SEARCH, confidence: 0.875, reason: "It asks for\u001b[2J news." };
  const response = create(SearchResponseSchema, { routing });
  expect(renderSearchResponse(response, view)).toBe(
    "Best answered from the web (0.88): It asks for␛[2J news.\n\nNo hits among the documents of owner owner.\n",
  );
});
