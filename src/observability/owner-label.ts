/**
 * Turns an owner into a metric label without letting the number of label values grow with the number of owners: the first
 * owners seen keep their name, later ones share `_other`; with labels switched off all share it.
 */
export class OwnerLabels {
  readonly #seen = new Set<string>();
  readonly #labelsMax: number;

  constructor(labelsMax: number) {
    this.#labelsMax = labelsMax;
  }

  label(ownerId: string): string {
    if (this.#seen.has(ownerId)) return ownerId;
    if (this.#seen.size >= this.#labelsMax) return "_other";
    this.#seen.add(ownerId);
    return ownerId;
  }
}
