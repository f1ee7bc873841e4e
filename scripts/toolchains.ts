/** Where the tools beyond Node are, and which versions. `setup-toolchains.ts` installs them, generation and tests use them. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
export const toolsDirectory = join(repositoryDirectory, ".tools");
export const goToolsDirectory = join(toolsDirectory, "bin");
export const pythonDirectory = join(toolsDirectory, "python");
export const pythonProgram = join(pythonDirectory, "bin", "python");

export const requirementsFile = join(repositoryDirectory, "scripts", "requirements.txt");

/** Go programs by import path with version. */
export const goTools = [
  "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12",
  "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
  "github.com/grpc-ecosystem/grpc-health-probe@v0.4.61",
] as const;

/** The path of an installed Go program. */
export function goTool(name: "protoc-gen-go" | "protoc-gen-go-grpc" | "grpc-health-probe"): string {
  return join(goToolsDirectory, name);
}

/** One set of tools: it is installed if its stamp file holds its fingerprint. */
export interface Toolchain {
  readonly name: string;
  readonly stampFile: string;
  /** Changes whenever a version does. */
  readonly fingerprint: string;
}

export const goToolchain: Toolchain = {
  name: "Go tools",
  stampFile: join(goToolsDirectory, "installed"),
  fingerprint: goTools.join("\n"),
};

export const pythonToolchain: Toolchain = {
  name: "Python environment",
  stampFile: join(pythonDirectory, "installed"),
  fingerprint: readFileSync(requirementsFile, "utf8"),
};

/** Debian's package, unpacked and not installed: the machine stays as it is. */
const prometheusDirectory = join(toolsDirectory, "prometheus");

export const prometheusToolchain: Toolchain & { readonly directory: string } = {
  name: "Prometheus",
  directory: prometheusDirectory,
  stampFile: join(prometheusDirectory, "installed"),
  fingerprint: "debian prometheus",
};

/** The path of a program of Prometheus. */
export function prometheusProgram(name: "prometheus" | "promtool"): string {
  return join(prometheusDirectory, "usr", "bin", name);
}

/** Whether the set is there in the wanted versions. */
export function isInstalled(toolchain: Toolchain): boolean {
  try {
    return readFileSync(toolchain.stampFile, "utf8") === toolchain.fingerprint;
  } catch {
    return false;
  }
}

/** Throws unless everything that generation and `npm run test:all` need is installed. */
export function requireToolchains(): void {
  const missing = [goToolchain, pythonToolchain, prometheusToolchain].filter((toolchain) => !isInstalled(toolchain));
  if (missing.length > 0) {
    const names = missing.map((toolchain) => toolchain.name).join(" and ");
    throw new Error(`missing or outdated: ${names}; run "npm run setup:toolchains", which needs go, python3 and apt-get`);
  }
}
