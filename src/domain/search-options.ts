/** How a search may be refined: see the enums of the contract. */

export const queryExpansions = ["none", "heuristic", "model"] as const;
/** Who finds other wordings of a query. */
export type QueryExpansion = (typeof queryExpansions)[number];

export const rerankers = ["none", "lexical", "model", "cross_encoder"] as const;
/** Who puts the best candidates in a new order. */
export type Rerank = (typeof rerankers)[number];
