import { createHash } from "node:crypto";
import type { TextChunker } from "../chunking/text-chunker.ts";
import type { Enrichment, EnrichmentDegradation } from "../domain/enrichment.ts";
import type { Database } from "../storage/database.ts";
import type { PreparedChunk } from "../storage/diff-chunks.ts";
import { type ModelTexts, readModelTexts } from "../storage/read-model-texts.ts";
import type { PreparedDocument } from "../storage/store-documents.ts";
import type { EnrichmentWanted } from "./enrichment-question.ts";
import type { ModelEnricher } from "./model-enricher.ts";

export interface EnrichmentDeps {
  readonly database: Database;
  readonly chunker: TextChunker;
  /** Undefined: there is no chat model. */
  readonly enricher?: ModelEnricher | undefined;
}

export interface EnrichedDocument {
  readonly prepared: PreparedDocument;
  readonly degraded: readonly EnrichmentDegradation[];
}

/**
 * Puts what the chat model writes in the place of template and extract, for the documents that ask for it: what is stored already of the
 * same chunks, and else what it gives in time. Where it gives nothing, template and extract stay, and the fingerprint is another, so that
 * the same document is not taken for done when it is added again.
 *
 * @param options.documentsAtOnce see `ModelEnricher.write`.
 * @throws the domain error of `signal` if that one aborts; nothing for a model that fails.
 */
export async function enrichDocument(
  deps: EnrichmentDeps,
  prepared: PreparedDocument,
  options: { readonly enrichment: Enrichment; readonly documentsAtOnce: number },
  signal: AbortSignal,
): Promise<EnrichedDocument> {
  const { document } = prepared;
  const { enrichment, documentsAtOnce } = options;
  const wanted = { contextPrefix: enrichment.contextPrefix === "model", summary: enrichment.summary === "model" };
  if (!wanted.contextPrefix && !wanted.summary) return { prepared, degraded: [] };
  const { enricher } = deps;
  const leaves = prepared.chunks.filter((chunk) => chunk.level === 0);
  const known = enricher ? await readModelTexts(deps.database, document, enricher.model, signal) : new Map<string, ModelTexts>();
  const knownOf = (leaf: PreparedChunk) => known.get(leaf.contentHash.toString("hex"));
  const passages = leaves.filter((leaf) => lacks(leaf, knownOf(leaf), wanted).length > 0);
  const written = await enricher?.write({ document, leaves, passages, wanted }, documentsAtOnce, signal);
  const texts = new Map(leaves.map((leaf) => [leaf, { ...knownOf(leaf), ...withoutUndefined(written?.get(leaf.chunkId)) }]));
  const fitting = wanted.contextPrefix ? await fitPrefixes(deps.chunker, texts, signal) : new Map<PreparedChunk, string>();
  const chunks = prepared.chunks.map((chunk) => {
    const own = texts.get(chunk);
    return {
      ...chunk,
      ...(wanted.contextPrefix && own?.contextPrefix && { contextPrefix: fitting.get(chunk), contextModel: enricher?.model }),
      ...(wanted.summary && chunk.summary && own?.summary && { summary: own.summary, summaryModel: enricher?.model }),
    };
  });
  const missing = leaves.map((leaf) => lacks(leaf, texts.get(leaf), wanted));
  const degraded = new Set(missing.flat());
  const fingerprint = degraded.size === 0 ? prepared.fingerprint : degradedFingerprint(prepared.fingerprint, missing);
  return { prepared: { ...prepared, chunks, fingerprint }, degraded: [...degraded] };
}

/** What a leaf lacks of the chat model. A leaf that is too short for a summary has no extract either. */
function lacks(leaf: PreparedChunk, texts: ModelTexts | undefined, wanted: EnrichmentWanted): EnrichmentDegradation[] {
  return [
    ...(wanted.contextPrefix && !texts?.contextPrefix ? (["context_prefix_template"] as const) : []),
    ...(wanted.summary && leaf.summary !== undefined && !texts?.summary ? (["summary_extractive"] as const) : []),
  ];
}

function withoutUndefined({ contextPrefix, summary }: ModelTexts = {}): ModelTexts {
  return { ...(contextPrefix && { contextPrefix }), ...(summary && { summary }) };
}

async function fitPrefixes(
  chunker: TextChunker,
  texts: ReadonlyMap<PreparedChunk, ModelTexts>,
  signal: AbortSignal,
): Promise<Map<PreparedChunk, string | undefined>> {
  const prefixed = [...texts].flatMap(([leaf, { contextPrefix }]) => (contextPrefix ? [{ leaf, prefix: contextPrefix }] : []));
  const fitting = await chunker.fitPrefixes(
    prefixed.map(({ leaf, prefix }) => ({ prefix, chunkTokens: leaf.tokenCount })),
    signal,
  );
  return new Map(prefixed.map(({ leaf }, index) => [leaf, fitting[index]]));
}

/** Equal only where the same is missing, so that a later add that has got more is written. */
function degradedFingerprint(fingerprint: Buffer, missing: readonly (readonly EnrichmentDegradation[])[]): Buffer {
  return createHash("sha256").update(fingerprint).update(JSON.stringify(missing)).digest();
}
