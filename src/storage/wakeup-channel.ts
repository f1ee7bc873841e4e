import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../domain/limits.ts";
import type { Wakeup } from "../domain/wakeup.ts";
import type { Logger } from "../observability/logger.ts";
import type { Database } from "./database.ts";

/** One for the whole database: notices name their schema. */
const channel = "llmemory";

export interface WakeupChannelOptions {
  readonly schema: string;
  /** By the names that they have in all processes. */
  readonly wakeups: Readonly<Record<string, Wakeup>>;
}

/**
 * Passes wakeups on to the other processes that share a PostgreSQL. Notices are sent on their own, since inside the transaction that they
 * tell of they would make all commits wait for one another; the first at once, and those of the next 50 ms together. They are a
 * courtesy: one that is lost makes somebody look a little later. The embedded database has but one process, which needs none.
 */
export class WakeupChannel {
  readonly #deps: { readonly database: Database; readonly logger: Logger };
  readonly #options: WakeupChannelOptions;
  /** Tells this process's own notices, which have woken everybody here, from others'. */
  readonly #processId = randomUUID();
  readonly #stopping = new AbortController();
  readonly #unsent = new Set<string>();
  #isSending = false;
  #sending = Promise.resolve();
  readonly #listening: Promise<void>;

  constructor(deps: { readonly database: Database; readonly logger: Logger }, options: WakeupChannelOptions) {
    this.#deps = deps;
    this.#options = options;
    const { listen } = deps.database;
    if (listen) for (const [name, wakeup] of Object.entries(options.wakeups)) wakeup.passOn(() => this.#tell(name));
    this.#listening = listen ? this.#listen(listen) : Promise.resolve();
  }

  /** Sends what is not sent yet, and hears nothing more. */
  async stop(): Promise<void> {
    for (const wakeup of Object.values(this.#options.wakeups)) wakeup.passOn(() => {});
    this.#stopping.abort();
    await Promise.all([this.#sending, this.#listening]);
  }

  #tell(name: string): void {
    this.#unsent.add(name);
    if (this.#isSending) return;
    this.#isSending = true;
    this.#sending = this.#send();
  }

  async #send(): Promise<void> {
    const { database, logger } = this.#deps;
    while (this.#unsent.size > 0) {
      const payloads = [...this.#unsent].map((name) => `${name}/${this.#processId}/${this.#options.schema}`);
      this.#unsent.clear();
      try {
        await database.query("send_notices", "select pg_notify($1, payload) from unnest($2::text[]) as payload", [
          channel,
          payloads,
        ]);
      } catch (error) {
        logger.debug({ err: error }, "other processes could not be woken; they look by themselves");
      }
      await this.#rest(limits.noticeIntervalMs);
    }
    this.#isSending = false;
  }

  async #listen(listen: NonNullable<Database["listen"]>): Promise<void> {
    const { logger } = this.#deps;
    const { signal } = this.#stopping;
    let failures = 0;
    const onListening = () => {
      failures = 0;
      // Something may have happened while nobody listened.
      for (const wakeup of Object.values(this.#options.wakeups)) wakeup.wake();
    };
    const onNotice = (payload: string) => this.#hear(payload);
    while (!signal.aborted) {
      try {
        await listen(channel, { onListening, onNotice }, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        if (failures === 1)
          logger.warn({ err: error }, "notices of other processes are not heard; what they tell is found by looking");
        const pauseMs = Math.min(limits.noticeReconnectMaxMs, 1_000 * 2 ** (failures - 1));
        await this.#rest(pauseMs * (1 - Math.random() / 2));
      }
    }
  }

  #hear(payload: string): void {
    const [name = "", processId, schema] = payload.split("/", 3);
    if (processId === this.#processId || schema !== this.#options.schema) return;
    if (Object.hasOwn(this.#options.wakeups, name)) this.#options.wakeups[name]?.wake();
  }

  async #rest(durationMs: number): Promise<void> {
    await sleep(durationMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
