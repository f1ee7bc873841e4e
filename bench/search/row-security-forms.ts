import type { Queryable } from "../../src/storage/database.ts";
import type { EmbeddingTable } from "../../src/storage/embedding-models.ts";
import { schema } from "./corpus-database.ts";

/** A way to keep one owner's rows from another's requests inside of the database. */
export interface SecurityForm {
  readonly name: string;
  readonly description: string;
  /** Undefined: the owner of the tables. */
  readonly role: string | undefined;
  readonly schemaName: string;
}

export const policyRole = "llmemory_bench_policies";
export const viewRole = "llmemory_bench_views";

/** Set at the start of a connection here; a service would set it for each transaction. */
export const ownerSetting = "llmemory.owner_id";

const ownerCondition = `owner_id = current_setting('${ownerSetting}', true)`;

export const unrestricted: SecurityForm = {
  name: "none",
  description: "the owner of the tables, whom no policy concerns",
  role: undefined,
  schemaName: schema,
};

export const forms: readonly SecurityForm[] = [
  unrestricted,
  {
    name: "policies",
    description: "a role of its own, with a policy on each table",
    role: policyRole,
    schemaName: schema,
  },
  {
    name: "views",
    description: "a role that may read views alone, which belong to the owner of the tables and carry the condition",
    role: viewRole,
    schemaName: "llmemory_views",
  },
  {
    name: "barriers",
    description: "the same views with `security_barrier`",
    role: viewRole,
    schemaName: "llmemory_barriers",
  },
];

/** As `policies`, after the operators of the indexes were declared leakproof, which only a superuser can. */
export const leakproof: SecurityForm = {
  name: "leakproof",
  description: "as policies, with the functions of `@@`, `@>`, `^@`, `lower` and `||` declared leakproof by a superuser",
  role: policyRole,
  schemaName: schema,
};

export function ownedTables({ tableName }: EmbeddingTable): readonly string[] {
  return [
    "documents",
    "document_contents",
    "document_chunks",
    "owner_counters",
    "owner_lexemes",
    "counted_corpora",
    "embedding_jobs",
    tableName,
  ];
}

/** Roles belong to the server, so those of an interrupted run may still be there. */
export function createRoles(): readonly string[] {
  return [policyRole, viewRole].flatMap((role) => [
    `drop role if exists ${role}`,
    `create role ${role} login password '${role}' nosuperuser nobypassrls`,
  ]);
}

/** Makes all forms but the leakproof one, in one database. */
export async function createForms(database: Queryable, table: EmbeddingTable): Promise<void> {
  const run = (statement: string) => database.query("create_forms", statement);
  await run(`grant usage on schema ${schema} to ${policyRole}`);
  await run(`grant select on embedding_models to ${policyRole}`);
  for (const name of ownedTables(table)) {
    await run(`alter table ${name} enable row level security`);
    await run(`create policy of_owner on ${name} using (${ownerCondition})`);
    await run(`grant select on ${name} to ${policyRole}`);
  }
  for (const [viewSchema, barrier] of [
    ["llmemory_views", false],
    ["llmemory_barriers", true],
  ] as const) {
    await run(`create schema ${viewSchema}`);
    await run(`grant usage on schema ${viewSchema} to ${viewRole}`);
    await run(`create view ${viewSchema}.embedding_models as select * from embedding_models`);
    for (const name of ownedTables(table)) {
      await run(
        `create view ${viewSchema}.${name} with (security_barrier = ${barrier}) as select * from ${name} where ${ownerCondition}`,
      );
    }
    await run(`grant select on all tables in schema ${viewSchema} to ${viewRole}`);
  }
}

export async function declareLeakproof(database: Queryable): Promise<void> {
  // The last three serve documents_by_language.
  const functions = [
    "ts_match_vq(tsvector, tsquery)",
    "jsonb_contains(jsonb, jsonb)",
    "starts_with(text, text)",
    "lower(text)",
    "textcat(text, text)",
  ];
  for (const name of functions) await database.query("declare_leakproof", `alter function pg_catalog.${name} leakproof`);
}
