import { PGlite } from "@electric-sql/pglite";

/**
 * A program of its own: creates the files of an empty database in the directory that is its argument. Creating takes 200 MB, which
 * only the end of a process gives back.
 */
const directory = process.argv[2];
if (directory === undefined) throw new Error("the directory is missing");
const database = await PGlite.create({ dataDir: directory });
await database.close();
