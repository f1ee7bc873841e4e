import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { settingDefinitions } from "../../src/config/settings.ts";
import { healthServices } from "../../src/health/health-monitor.ts";

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly livenessProbe?: { readonly grpc: { readonly service: string } };
  readonly startupProbe?: { readonly grpc: { readonly service: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
}

const documents = parseAllDocuments(readFileSync(join(repositoryDirectory, "deploy/kubernetes.yaml"), "utf8"));
const containers: Container[] = documents.flatMap((document) => {
  expect(document.errors).toEqual([]);
  return document.toJS().spec.template?.spec.containers ?? [];
});

it("sets only settings that exist", () => {
  const known = Object.values(settingDefinitions).flatMap((definition) => definition.variables);
  const used = containers.flatMap(({ env }) => env.map(({ name }) => name));
  expect(used.length).toBeGreaterThan(0);
  for (const name of used) expect(known).toContain(name);
});

it("runs serve and worker, and probes serve's liveness apart from its readiness", () => {
  expect(containers.map(({ args }) => args)).toEqual([["serve"], ["worker"]]);
  const [serve] = containers;
  expect(serve?.livenessProbe?.grpc.service).toBe("liveness");
  expect(healthServices).toContain(serve?.startupProbe?.grpc.service);
  expect(serve?.readinessProbe?.httpGet.path).toBe("/readyz");
});
