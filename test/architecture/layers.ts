import { posix } from "node:path";
import { importedModules, type SourceFile } from "./source-files.ts";

/** The folders of `src`, inside first. Folders in one group do not import each other. */
export const layers: readonly (readonly string[])[] = [
  ["domain"],
  ["config"],
  ["observability"],
  ["endpoint"],
  ["chunking"],
  ["storage"],
  ["embedding"],
  ["documents", "search", "admin"],
  ["interceptors"],
  ["services"],
  ["health"],
  ["alerting"],
  ["server"],
  ["cli"],
];

/** Modules that only some layers may import, by the beginning of their name. */
export const reservedModules: readonly { readonly module: RegExp; readonly layers: readonly string[]; readonly why: string }[] = [
  {
    module: /^(pg|pg-[\w-]+|@electric-sql\/.+)$/,
    layers: ["storage"],
    why: "only storage knows the database",
  },
  {
    module: /^@opentelemetry\/(?!api$)/,
    layers: ["observability"],
    why: "spans need the API alone, and the SDK is loaded only where tracing is on",
  },
  {
    module: /^#gen\/|(^|\/)gen\/ts\//,
    layers: ["interceptors", "services", "health", "cli"],
    why: "protobuf types stay at the edge",
  },
  {
    module: /^@bufbuild\//,
    layers: ["interceptors", "services", "health", "server", "cli"],
    why: "protobuf types stay at the edge",
  },
  {
    module: /^@connectrpc\//,
    layers: ["interceptors", "services", "health", "server", "cli"],
    why: "RPC types stay at the edge",
  },
];

/** Every import that points outward or to a module reserved for other layers, as a sentence. */
export function layerViolations(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined || rankOf(layer) === undefined) return [`${file.path} is in no known layer`];
    return importedModules(file.text).flatMap((module) => [
      ...directionViolation(file.path, layer, module),
      ...reservedModuleViolations(file.path, layer, module),
    ]);
  });
}

function directionViolation(path: string, layer: string, module: string): readonly string[] {
  if (!module.startsWith(".")) return [];
  const target = posix.normalize(posix.join(posix.dirname(path), module));
  const targetLayer = layerOf(target);
  // Files outside `src`, such as package.json or generated code, belong to no layer.
  if (targetLayer === undefined || targetLayer === layer) return [];
  const from = rankOf(layer) ?? 0;
  const to = rankOf(targetLayer);
  if (to !== undefined && to < from) return [];
  return [`${path} imports ${target}: ${layer} must not know ${targetLayer}`];
}

function reservedModuleViolations(path: string, layer: string, module: string): readonly string[] {
  return reservedModules
    .filter((reserved) => reserved.module.test(module) && !reserved.layers.includes(layer))
    .map((reserved) => `${path} imports ${module}: ${reserved.why}`);
}

/** Files that hold SQL outside storage, as sentences. */
export function strayStatements(files: readonly SourceFile[]): readonly string[] {
  const statement =
    /["'`]\s*(select\s[^"'`]*\sfrom\s|insert\s+into\s|update\s+[\w.]+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|index|schema|extension)\s|with\s+\w+\s+as\s*(materialized\s*)?\()/i;
  return files
    .filter((file) => layerOf(file.path) !== "storage" && statement.test(file.text))
    .map((file) => `${file.path} holds SQL, which belongs into storage`);
}

function layerOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function rankOf(layer: string): number | undefined {
  const rank = layers.findIndex((group) => group.includes(layer));
  return rank === -1 ? undefined : rank;
}
