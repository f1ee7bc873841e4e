import { textArray, uuidArray } from "./array-parameters.ts";
import { type CopyColumn, copyRows, vectorColumn } from "./copy-rows.ts";
import type { Transaction } from "./database.ts";
import type { EmbeddingTable } from "./embedding-models.ts";
import { vectorArrayParameter } from "./vector-codec.ts";
import type { DocumentWrite } from "./write-chunks.ts";

/** A vector that a client gave. */
export interface GivenVector {
  readonly ownerId: string;
  readonly documentId: string;
  readonly chunkId: string;
  readonly embedding: Float32Array;
  /** Whether its chunk is being inserted; else it is there already. */
  readonly isOfNewChunk: boolean;
}

export function givenVectorsOf(writes: readonly DocumentWrite[]): GivenVector[] {
  return writes.flatMap(({ prepared, documentId, difference: { kept, created } }) => {
    const { ownerId } = prepared.document;
    const givenTo = (chunks: readonly { chunkId: string; embedding?: Float32Array | undefined }[], isOfNewChunk: boolean) =>
      chunks.flatMap(({ chunkId, embedding }) => (embedding ? [{ ownerId, documentId, chunkId, embedding, isOfNewChunk }] : []));
    return [...givenTo(kept, false), ...givenTo(created, true)];
  });
}

/** Stores vectors of new chunks that the transaction has inserted: of many, this takes half the time of an insert. */
export async function copyGivenVectors(
  copy: NonNullable<Transaction["copy"]>,
  given: readonly GivenVector[],
  table: EmbeddingTable,
): Promise<void> {
  const columns: readonly CopyColumn<GivenVector>[] = [
    { name: "owner_id", write: ({ ownerId }, writer) => writer.text(ownerId) },
    { name: "chunk_id", write: ({ chunkId }, writer) => writer.uuid(chunkId) },
    { name: "document_id", write: ({ documentId }, writer) => writer.uuid(documentId) },
    vectorColumn("embedding", table, ({ embedding }) => embedding),
  ];
  await copyRows(copy, "copy_vectors", { table: table.tableName, columns }, given);
}

/** What is added to the statement that inserts chunks; all empty where no vectors were given. */
export interface GivenVectorsSql {
  /** Common table expressions, each with a comma before it. */
  readonly clauses: string;
  /** What keeps chunks with vectors from getting jobs of the vectors' model, which is `m` in that statement. */
  readonly condition: string;
  readonly values: readonly unknown[];
}

/**
 * Stores the vectors that clients gave, of new chunks and of chunks that stay, whose jobs are no longer needed: in the statement that
 * inserts the new ones, since foreign keys are checked at its end, and a statement of their own would be one more in each add.
 *
 * @param copied those that are stored by `copyGivenVectors` afterwards.
 * @param parametersBefore parameters that the statement has without them.
 */
export function givenVectors(
  given: readonly GivenVector[],
  copied: ReadonlySet<GivenVector>,
  table: EmbeddingTable | undefined,
  parametersBefore: number,
): GivenVectorsSql {
  if (given.length === 0) return { clauses: "", condition: "", values: [] };
  if (!table) throw new Error("vectors were given, but no table for them");
  const rows = given.filter((row) => !copied.has(row));
  const [owners, chunks, documents, vectors, model, provided] = [1, 2, 3, 4, 5, 6].map((place) => `$${parametersBefore + place}`);
  return {
    clauses: `,
     needless as (
       delete from embedding_jobs j
       using unnest(${owners}::text[], ${chunks}::uuid[]) as k (owner_id, chunk_id)
       where j.owner_id = k.owner_id and j.chunk_id = k.chunk_id and j.model_id = ${model}),
     given as (
       insert into ${table.tableName} (owner_id, chunk_id, document_id, embedding)
       select * from unnest(${owners}::text[], ${chunks}::uuid[], ${documents}::uuid[], ${vectors}::${table.vectorType}[])
       on conflict (owner_id, chunk_id) do update
       set embedding = excluded.embedding, input_hash = null, indexed = false)`,
    // As a subquery it is hashed; an array would be searched for each of some thousand chunks.
    condition: ` and (m.model_id <> ${model} or chunk_id not in (select unnest(${provided}::uuid[])))`,
    values: [
      textArray(rows.map((row) => row.ownerId)),
      uuidArray(rows.map((row) => row.chunkId)),
      uuidArray(rows.map((row) => row.documentId)),
      vectorArrayParameter(
        table,
        rows.map((row) => row.embedding),
      ),
      table.modelId,
      uuidArray(given.filter((row) => row.isOfNewChunk).map((row) => row.chunkId)),
    ],
  };
}
