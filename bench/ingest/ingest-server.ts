import { readdirSync, readFileSync } from "node:fs";
import { Client } from "pg";

/** A PostgreSQL in which the runs of this benchmark have databases of their own. */
export class IngestServer {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  urlOf(name: string): string {
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** A new, empty database in place of the one of this name. */
  async create(name: string): Promise<string> {
    await this.#run(async (client) => {
      await client.query(`drop database if exists ${name} with (force)`);
      await client.query(`create database ${name}`);
    });
    return this.urlOf(name);
  }

  async drop(name: string): Promise<void> {
    await this.#run((client) => client.query(`drop database if exists ${name} with (force)`));
  }

  /** What of the server's settings bears on the figures. */
  async describe(): Promise<string> {
    const names = ["server_version", "shared_buffers", "max_wal_size", "fsync", "synchronous_commit", "full_page_writes"];
    return await this.#run(async (client) => {
      const { rows } = await client.query<{ settings: string; pgvector: string }>(
        `select (select string_agg(name || ' ' || current_setting(name), ', ' order by array_position($1, name)) from unnest($1::text[]) as name) as settings,
                (select default_version from pg_available_extensions where name = 'vector') as pgvector`,
        [names],
      );
      return `- PostgreSQL: ${rows[0]?.settings}; pgvector ${rows[0]?.pgvector}`;
    });
  }

  /** @returns what tells the CPU seconds of all its processes so far, those that have ended included; only where it runs on this Linux. */
  async watchCpu(): Promise<() => number> {
    const firstProcess = await this.#run(async (client) => {
      const { rows } = await client.query<{ pid: string }>("select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid");
      return rows[0]?.pid ?? "";
    });
    return () => {
      let ticks = 0;
      for (const processId of readdirSync("/proc")) {
        const fields = /^\d+$/.test(processId) ? readStat(processId) : undefined;
        // Its own time and that of children that it has waited for; of children that run, their own.
        if (processId === firstProcess) ticks += sum(fields?.slice(11, 15));
        else if (fields?.[1] === firstProcess) ticks += sum(fields.slice(11, 13));
      }
      return ticks / 100;
    };
  }

  async #run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

/** Fields of `/proc/PID/stat` from the third on; undefined: the process has ended meanwhile. */
function readStat(processId: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${processId}/stat`, "utf8").split(") ")[1]?.split(" ");
  } catch {
    return undefined;
  }
}

function sum(ticks: readonly string[] = []): number {
  return ticks.reduce((total, each) => total + Number(each), 0);
}
