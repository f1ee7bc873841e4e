/** Which model made a vector: vectors of different models never meet in one comparison. */
export interface ModelIdentity {
  /** `provider/name`, such as `local/e5-small-v2`. */
  readonly modelId: string;
  readonly provider: string;
  readonly name: string;
  /** Components of a vector. */
  readonly dimension: number;
}
