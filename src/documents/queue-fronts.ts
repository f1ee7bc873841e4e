import type { Queryable } from "../storage/database.ts";
import type { EmbeddingTable } from "../storage/embedding-models.ts";
import { type OldestWaiting, readOldestWaiting } from "../storage/waiting-chunks.ts";

/** Owners whose queues one statement will look at. */
interface Look {
  readonly ownerIds: Set<string>;
  readonly fronts: Promise<ReadonlyMap<string, OldestWaiting>>;
}

/**
 * Looks at the fronts of owners' embedding queues for all streams of this process, one look at a time: those who ask meanwhile are
 * answered together by the next, so that many streams cost the database no more than one.
 */
export class QueueFronts {
  readonly #deps: { readonly database: Queryable; readonly table: Pick<EmbeddingTable, "modelId"> };
  #running: Promise<unknown> = Promise.resolve();
  #next: Look | undefined;

  constructor(deps: { readonly database: Queryable; readonly table: Pick<EmbeddingTable, "modelId"> }) {
    this.#deps = deps;
  }

  /** As it is once this was called, or later. */
  async look(ownerId: string): Promise<OldestWaiting> {
    this.#next ??= this.#announce();
    const { ownerIds, fronts } = this.#next;
    ownerIds.add(ownerId);
    return (await fronts).get(ownerId) ?? { oldest: undefined, dead: 0 };
  }

  #announce(): Look {
    const ownerIds = new Set<string>();
    const fronts = this.#running.then(() => {
      this.#next = undefined;
      const { database, table } = this.#deps;
      return readOldestWaiting(database, { ownerIds: [...ownerIds], modelId: table.modelId });
    });
    // Who asked is told of its failure; the next look does not depend on it.
    this.#running = fronts.catch(() => undefined);
    return { ownerIds, fronts };
  }
}
