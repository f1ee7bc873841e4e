import { create, toBinary } from "@bufbuild/protobuf";
import { type ExplainSearchResponse, ExplainSearchResponseSchema } from "#gen/llmemory/v1/admin_service_pb.js";
import { cutText } from "../domain/cut-text.ts";
import { limits } from "../domain/limits.ts";
import type { SearchAnswer } from "../search/search-query.ts";
import { divideFairly } from "./divide-fairly.ts";
import { encodeDuration } from "./encode-duration.ts";
import { encodeAnswer } from "./encode-search.ts";

/** How a search ran. */
export interface Explanation {
  readonly answer: SearchAnswer;
  readonly statements: readonly {
    readonly name: string;
    readonly sql: string;
    readonly plan: string;
    readonly durationMs: number;
  }[];
}

/** The reply about how a search ran: statements and plans have one half of it, the answer has the rest. */
export function encodeExplanation({ answer, statements }: Explanation): ExplainSearchResponse {
  const texts = statements.flatMap(({ sql, plan }) => [sql, plan]);
  const shares = divideFairly(
    texts.map((text) => Buffer.byteLength(text)),
    limits.explainedBytesMax,
  );
  const cut = texts.map((text, index) => cutText(text, shares[index] ?? 0));
  const response = create(ExplainSearchResponseSchema, {
    statements: statements.map(({ name, durationMs }, index) => ({
      name,
      sql: cut[2 * index] ?? "",
      plan: cut[2 * index + 1] ?? "",
      duration: encodeDuration(durationMs),
    })),
  });
  const bytes = toBinary(ExplainSearchResponseSchema, response).length;
  response.response = encodeAnswer(answer, limits.replyBytesMax - bytes);
  return response;
}
