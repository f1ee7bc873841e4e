/** What may be in flight on one connection of an ingest stream: sent, but not yet durable. */
export class IngestCredit {
  #itemsMax = 0;
  #bytesMax = 0;
  #bytesInFlight = 0;
  /** Oldest first; as long as the window at most. */
  readonly #inFlight: { readonly sequence: number; readonly bytes: number }[] = [];

  /** Replaces the window; nothing may be sent before the first one. */
  setWindow(window: { readonly items: number; readonly bytes: number }): void {
    this.#itemsMax = window.items;
    this.#bytesMax = window.bytes;
  }

  /** Whether an item of so many bytes may be sent now. One that is larger than the whole window may go when it is alone. */
  allows(bytes: number): boolean {
    if (this.#inFlight.length >= this.#itemsMax) return false;
    return this.#inFlight.length === 0 || this.#bytesInFlight + bytes <= this.#bytesMax;
  }

  sent(sequence: number, bytes: number): void {
    this.#inFlight.push({ sequence, bytes });
    this.#bytesInFlight += bytes;
  }

  /** Everything up to this sequence is no longer in flight. */
  durable(upToSequence: number): void {
    while (this.#inFlight[0] !== undefined && this.#inFlight[0].sequence <= upToSequence) {
      this.#bytesInFlight -= this.#inFlight.shift()?.bytes ?? 0;
    }
  }
}
