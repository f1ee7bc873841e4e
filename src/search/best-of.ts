/**
 * Keeps the best of the numbers that it is offered, such as places in a list. They are in a heap whose root is the last of them, since
 * sorting thousands to find a hundred took several times as long.
 */
export class BestOf {
  readonly #most: number;
  readonly #isBehind: (left: number, right: number) => boolean;
  readonly #heap: Int32Array;
  #size = 0;

  /**
   * @param most     how many are kept: a whole number, from 1.
   * @param isBehind whether the one is worse than the other.
   */
  constructor(most: number, isBehind: (left: number, right: number) => boolean) {
    this.#most = most;
    this.#isBehind = isBehind;
    this.#heap = new Int32Array(most);
  }

  offer(item: number): void {
    if (this.#size < this.#most) {
      this.#heap[this.#size++] = item;
      if (this.#size === this.#most) for (let at = this.#most >> 1; at >= 0; at--) this.#sink(at, this.#heap[at] ?? 0);
    } else if (this.#isBehind(this.#heap[0] ?? 0, item)) this.#sink(0, item);
  }

  /** The worst of those that are kept; undefined while they are fewer than may be. */
  get last(): number | undefined {
    return this.#size === this.#most ? this.#heap[0] : undefined;
  }

  /** Best first. */
  inOrder(): number[] {
    return Array.from(this.#heap.subarray(0, this.#size)).sort((left, right) => (this.#isBehind(left, right) ? 1 : -1));
  }

  /** Puts an item at a place of the heap, or below it, where those that are worse move up. */
  #sink(place: number, item: number): void {
    const heap = this.#heap;
    let at = place;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && this.#isBehind(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
      if (!this.#isBehind(heap[child] ?? 0, item)) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = item;
  }
}
