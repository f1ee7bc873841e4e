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

  /** The server's first process, the parent of all others; only where it runs on this machine. */
  async processId(): Promise<number> {
    return await this.#run(async (client) => {
      const { rows } = await client.query<{ pid: string }>("select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid");
      return Number(rows[0]?.pid);
    });
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
