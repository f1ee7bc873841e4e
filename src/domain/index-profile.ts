/** How much work goes into finding the right neighbours in the approximate index: when it is built, and when it is searched. */
export type IndexProfile = "fast" | "balanced" | "accurate";

export const defaultIndexProfile: IndexProfile = "balanced";

/** What pgvector calls them; see https://github.com/pgvector/pgvector#hnsw. */
interface HnswParameters {
  /** Neighbours of a node. */
  readonly m: number;
  /** Candidates for neighbours while a node is inserted. */
  readonly efConstruction: number;
  /** Candidates that a search keeps, at least. */
  readonly efSearch: number;
}

export const indexProfiles: Readonly<Record<IndexProfile, HnswParameters>> = {
  fast: { m: 8, efConstruction: 80, efSearch: 40 },
  balanced: { m: 16, efConstruction: 200, efSearch: 100 },
  accurate: { m: 32, efConstruction: 400, efSearch: 200 },
};

export const indexProfileNames = Object.keys(indexProfiles) as readonly IndexProfile[];

/** The value of `hnsw.ef_search` for searches in an index of this profile. */
export function efSearchOf(profile: IndexProfile): number {
  return indexProfiles[profile].efSearch;
}
