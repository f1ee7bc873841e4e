/** Tells those who listen in this process which owners something has happened to. Nothing is remembered, and other processes are not heard. */
export class OwnerNotices {
  readonly #listeners = new Set<(ownerIds: readonly string[]) => void>();

  tell(ownerIds: readonly string[]): void {
    for (const listener of [...this.#listeners]) listener(ownerIds);
  }

  /** @returns what ends the listening. */
  listen(listener: (ownerIds: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
