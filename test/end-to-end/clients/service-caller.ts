import type { JsonObject } from "@bufbuild/protobuf";
import type { CallErrorFacts } from "../../support/call-error.ts";
import type { ServiceAddresses } from "../../support/service.ts";

/** One client, seen from outside: it does what a user of it would write. Requests and replies are in protobuf's JSON form. */
export interface ServiceCaller {
  /** Calls a method such as `SearchService/Search`; throws a CallError. */
  call(method: string, request: JsonObject, options?: { readonly timeoutMs: number }): Promise<JsonObject>;
  /** Opens a stream, sends its items once it is open, ends it, and gives every reply. */
  ingest(open: JsonObject, items: readonly JsonObject[]): Promise<readonly JsonObject[]>;
  close(): void | Promise<void>;
}

export type OpenServiceCaller = (service: ServiceAddresses) => ServiceCaller | Promise<ServiceCaller>;

/** An error as any of the clients received it. */
export class CallError extends Error {
  readonly facts: CallErrorFacts;

  constructor(facts: CallErrorFacts) {
    super(`${facts.code}: ${facts.message}`);
    this.facts = facts;
  }
}
