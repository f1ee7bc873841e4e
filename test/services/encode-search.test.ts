import { type DescEnum, toBinary, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ContextRelation,
  Degradation,
  DegradationSchema,
  Plan,
  PlanSchema,
  Route,
  RouteSchema,
  SearchResponseSchema,
  ShortfallReason,
  ShortfallReasonSchema,
} from "#gen/llmemory/v1/search_service_pb.js";
import { limits } from "../../src/domain/limits.ts";
import type { Route as DomainRoute, Receipt } from "../../src/search/search-query.ts";
import { encodeAnswer } from "../../src/services/encode-search.ts";
import { answer, hit, largeHit } from "./sample-answers.ts";

test("an answer with everything", () => {
  const documentDate = new Date("2026-01-31T12:00:00Z");
  const facts = {
    documentName: "Tea",
    documentType: "chat",
    documentDate,
    documentMetadata: { a: 1 },
    chunkMetadata: { speaker: "Ada" },
    summary: "Ada, tea.",
    chunkIndex: 7,
    charStart: 100,
    charEnd: 114,
    score: 0.9,
    similarity: 0.8,
    textRank: 7.5,
    vectorPosition: 1,
    textPosition: 2,
    rrfScore: 0.016,
    rerankScore: 0.7,
  } as const;
  const around = { chunkId: "n", chunkIndex: 6, content: "Before", charStart: 90, charEnd: 96 };
  const given = answer({
    hits: [
      hit({
        ...facts,
        context: [
          { ...around, relation: "parent" },
          { ...around, relation: "neighbor" },
        ],
      }),
    ],
    receipt: {
      plan: "approximate",
      modelId: "local/e5",
      candidatesVector: 100,
      candidatesText: 9,
      ownerChunks: 5_000,
      truncated: true,
      shortfallReason: "min_score",
      degraded: ["embeddings_pending", "reranker_unavailable"],
      cacheHit: true,
      queryVariants: ["tea", "chai"],
      stageTimes: [{ stage: "embed", durationMs: 1.5 }],
    },
    routing: { route: "web_search", confidence: 0.9, reason: "It asks for today's weather." },
  });
  const { documentDate: _date, documentType: _type, ...sameFacts } = facts;
  expect(encodeAnswer(given)).toMatchObject({
    searchId: given.searchId,
    results: [
      {
        ...sameFacts,
        documentType: 9,
        documentDate: { seconds: BigInt(documentDate.getTime() / 1_000) },
        context: [
          { ...around, relation: ContextRelation.PARENT },
          { ...around, relation: ContextRelation.NEIGHBOR },
        ],
      },
    ],
    receipt: {
      plan: Plan.APPROXIMATE,
      model: "local/e5",
      candidatesVector: 100n,
      candidatesText: 9n,
      ownerChunks: 5_000n,
      truncated: true,
      shortfallReason: ShortfallReason.MIN_SCORE,
      degraded: [Degradation.EMBEDDINGS_PENDING, Degradation.RERANKER_UNAVAILABLE],
      cacheHit: true,
      queryVariants: ["tea", "chai"],
      stageTimes: [{ stage: "embed", duration: { nanos: 1_500_000 } }],
    },
    routing: { route: Route.WEB_SEARCH, confidence: 0.9, reason: "It asks for today's weather." },
  });
});

test("what there is not is absent, and zeros are there", () => {
  const json = toJson(SearchResponseSchema, encodeAnswer(answer({ hits: [hit({ similarity: 0, rerankScore: 0 })] })));
  expect(json).toMatchObject({ results: [{ similarity: 0, rerankScore: 0 }] });
  expect(json).not.toHaveProperty("routing");
  for (const name of ["textRank", "vectorPosition", "textPosition", "rrfScore", "documentDate", "context"]) {
    expect(json).not.toHaveProperty(["results", 0, name]);
  }
});

describe("enums have the same names here and in the contract", () => {
  const namesOf = (schema: DescEnum, prefix: string) =>
    schema.values.flatMap(({ name, number }) => (number === 0 ? [] : [name.replace(prefix, "").toLowerCase()]));

  test("plans", () => {
    for (const plan of namesOf(PlanSchema, "PLAN_") as Receipt["plan"][]) {
      expect(received({ plan }).plan).toBe(Plan[plan.toUpperCase() as keyof typeof Plan]);
    }
  });

  test("shortfall reasons, of which one comes from encoding itself", () => {
    for (const name of namesOf(ShortfallReasonSchema, "SHORTFALL_REASON_").filter((name) => name !== "reply_size")) {
      const shortfallReason = name as NonNullable<Receipt["shortfallReason"]>;
      const expected = ShortfallReason[name.toUpperCase() as keyof typeof ShortfallReason];
      expect(received({ shortfallReason }).shortfallReason).toBe(expected);
    }
  });

  test("degradations", () => {
    const degraded = namesOf(DegradationSchema, "DEGRADATION_") as Receipt["degraded"][number][];
    expect(received({ degraded }).degraded.map((value) => Degradation[value].toLowerCase())).toEqual(degraded);
  });

  test("routes", () => {
    for (const route of namesOf(RouteSchema, "ROUTE_") as DomainRoute[]) {
      const { routing } = encodeAnswer(answer({ routing: { route, confidence: 1, reason: "" } }));
      expect(routing?.route).toBe(Route[route.toUpperCase() as keyof typeof Route]);
    }
  });

  function received(receipt: Partial<Receipt>) {
    const encoded = encodeAnswer(answer({ receipt: { ...answer().receipt, ...receipt } }));
    if (!encoded.receipt) throw new Error("there is no receipt");
    return encoded.receipt;
  }
});

describe("a reply", () => {
  test("holds what fits into 4 MiB, and says that more did not", () => {
    const hits = Array.from({ length: 100 }, () => largeHit(100_000));
    const response = encodeAnswer(answer({ hits }));
    expect(response.receipt?.shortfallReason).toBe(ShortfallReason.REPLY_SIZE);
    const bytes = toBinary(SearchResponseSchema, response).length;
    expect(bytes).toBeLessThanOrEqual(limits.replyBytesMax);
    expect(bytes).toBeGreaterThan(limits.replyBytesMax - 101_000);
  });

  test("counts the context of hits", () => {
    const context = Array.from({ length: 20 }, (_, chunkIndex) => ({
      ...{ relation: "neighbor" as const, chunkId: "n", chunkIndex, charStart: 0, charEnd: 1 },
      content: "x".repeat(100_000),
    }));
    expect(encodeAnswer(answer({ hits: [hit({ context }), hit({ context }), hit({ context })] })).results).toHaveLength(2);
  });

  test("is never larger than asked for, and holds the best hits", () => {
    const sizes = fc.array(fc.nat(3_000), { maxLength: 10 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 100, max: 10_000 }), (contents, bytesMax) => {
        const hits = contents.map(largeHit);
        const response = encodeAnswer(answer({ hits }), bytesMax);
        expect(toBinary(SearchResponseSchema, response).length).toBeLessThanOrEqual(bytesMax);
        expect(response.results.map(({ content }) => content.length)).toEqual(contents.slice(0, response.results.length));
        const isCut = response.results.length < hits.length;
        expect(response.receipt?.shortfallReason).toBe(isCut ? ShortfallReason.REPLY_SIZE : ShortfallReason.UNSPECIFIED);
      }),
    );
  });
});
