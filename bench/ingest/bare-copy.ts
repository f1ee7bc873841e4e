import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";

/** The rows of a table in the binary form of COPY. */
export interface CopiedRows {
  readonly table: string;
  readonly columns: string;
  readonly data: readonly Buffer[];
}

/** The tables that a load fills, in the order in which their rows refer to one another. */
export const loadedTables = ["documents", "document_contents", "document_chunks"] as const;

/** Reads what a load has stored, all columns that can be written. */
export async function readRows(client: Client, table: string, leaveOut: readonly string[] = []): Promise<CopiedRows> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all($2::text[])
     order by attnum`,
    [table, leaveOut],
  );
  const columns = rows.map(({ name }) => name).join(", ");
  const data: Buffer[] = [];
  for await (const piece of client.query(copyTo(`copy (select ${columns} from ${table}) to stdout (format binary)`))) {
    data.push(piece);
  }
  return { table, columns, data: join(data) };
}

/** One COPY per table, in one transaction: nothing that stores these rows durably could do less. */
export async function copyBare(client: Client, tables: readonly CopiedRows[]): Promise<number> {
  const started = performance.now();
  await client.query("begin");
  for (const { table, columns, data } of tables) {
    const copy = client.query(copyFrom(`copy ${table} (${columns}) from stdin (format binary)`));
    await pipeline(Readable.from(data), copy);
  }
  await client.query("commit");
  return performance.now() - started;
}

/** Lets the database make the text index while it copies: a generated column, which is the least that this can cost. */
export async function generateTextIndex(client: Client): Promise<void> {
  await client.query(
    `alter table document_chunks drop column search_vector;
     alter table document_chunks add column search_vector tsvector
       generated always as (to_tsvector('english'::regconfig, content)) stored;
     alter table document_chunks alter column search_vector set storage main;
     create index document_chunks_by_lexeme on document_chunks using gin (search_vector) where chunk_level = 0;`,
  );
}

/** In pieces of about 64 KiB; the server sends a row at a time. */
function join(pieces: readonly Buffer[]): Buffer[] {
  const joined: Buffer[] = [];
  let next: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    next.push(piece);
    bytes += piece.length;
    if (bytes < 64 * 1024) continue;
    joined.push(Buffer.concat(next));
    next = [];
    bytes = 0;
  }
  if (next.length > 0) joined.push(Buffer.concat(next));
  return joined;
}
