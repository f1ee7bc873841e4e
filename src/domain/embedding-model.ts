/** Which model made a vector: vectors of different models never meet in one comparison. */
export interface ModelIdentity {
  /** `provider/name`, such as `local/e5-small-v2`. */
  readonly modelId: string;
  readonly provider: string;
  readonly name: string;
  /** Components of a vector. */
  readonly dimension: number;
}

/** How the answers of two models differ, measured on queries as they were asked. */
export interface ModelComparison {
  /** The model that was active. */
  readonly comparedWith: string;
  readonly comparedAt: Date;
  /** Queries that were compared. */
  readonly queryCount: number;
  /** Those of them that users had asked; the others are beginnings of chunks. */
  readonly historyQueryCount: number;
  /** Share of the ten nearest chunks that both models find, 0 to 1: the mean of all queries … */
  readonly overlapAt10: number;
  /** … and that of the query where they differ most. */
  readonly overlapAt10Min: number;
  /** Share of the queries for which both find the same chunk first. */
  readonly sameFirst: number;
}
