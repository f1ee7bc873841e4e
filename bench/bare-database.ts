import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { residentMb } from "./machine.ts";

/** The bare limit beside which starting is measured: the embedded database alone. Prints its time to the first answer and its memory. */
const started = performance.now();
const database = await PGlite.create({ dataDir: process.argv[2] ?? "memory://", extensions: { vector } });
await database.query("select 1");
const readyMs = performance.now() - started;
process.stdout.write(`${JSON.stringify({ readyMs, residentMb: residentMb(process.pid) })}\n`);
await database.close();
