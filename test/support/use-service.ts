import { afterAll, beforeAll } from "vitest";
import type { FreshDatabase, TestDatabase } from "./databases.ts";
import { connectTo, type RpcClients } from "./rpc-clients.ts";
import { type Service, startService } from "./service.ts";

/** A running service, with gRPC clients of it. */
export interface ServiceInUse extends RpcClients {
  readonly service: Service;
  readonly database: FreshDatabase;
}

/**
 * One service for the tests of a describe block, started before the first and stopped after the last; tests keep apart by owner.
 *
 * @returns what to call inside a test to get it.
 */
export function useService(kind: TestDatabase, environment: Readonly<Record<string, string>> = {}): () => ServiceInUse {
  let current: ServiceInUse | undefined;
  let database: FreshDatabase | undefined;
  beforeAll(async () => {
    database = await kind.create();
    const service = await startService({ database, environment });
    current = { service, database, ...connectTo(service) };
  });
  afterAll(async () => {
    current?.close();
    await current?.service.stop();
    await database?.drop();
  });
  return () => {
    if (!current) throw new Error("the service runs only while tests run");
    return current;
  };
}
