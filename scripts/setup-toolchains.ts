/**
 * Installs into `.tools/` what generation and `npm run test:all` need beyond Node: Go programs, a Python environment and Prometheus.
 * Does nothing where they are there in the wanted versions.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import {
  goToolchain,
  goTools,
  goToolsDirectory,
  isInstalled,
  prometheusToolchain,
  pythonDirectory,
  pythonProgram,
  pythonToolchain,
  requirementsFile,
  type Toolchain,
} from "./toolchains.ts";

const results = await Promise.allSettled([
  install(goToolchain, installGoTools),
  install(pythonToolchain, installPython),
  install(prometheusToolchain, installPrometheus),
]);
for (const result of results) {
  if (result.status === "rejected") {
    console.error(result.reason instanceof Error ? result.reason.message : result.reason);
    process.exitCode = 1;
  }
}

async function install(toolchain: Toolchain, installFromScratch: () => Promise<void>): Promise<void> {
  if (isInstalled(toolchain)) {
    console.log(`${toolchain.name}: there already`);
    return;
  }
  await installFromScratch();
  writeFileSync(toolchain.stampFile, toolchain.fingerprint);
  console.log(`${toolchain.name}: installed`);
}

async function installGoTools(): Promise<void> {
  requireProgram("go", ["version"], "Go 1.26 or later");
  rmSync(goToolsDirectory, { recursive: true, force: true });
  mkdirSync(goToolsDirectory, { recursive: true });
  for (const tool of goTools) await runProgram("go", ["install", tool], { environment: { GOBIN: goToolsDirectory } });
}

async function installPython(): Promise<void> {
  // Debian's python3 comes without ensurepip unless python3-venv is installed.
  requireProgram("python3", ["-c", "import ensurepip, venv"], "Python 3.10 or later with its venv module");
  rmSync(pythonDirectory, { recursive: true, force: true });
  await runProgram("python3", ["-m", "venv", pythonDirectory]);
  await runProgram(pythonProgram, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--requirement",
    requirementsFile,
  ]);
}

async function installPrometheus(): Promise<void> {
  requireProgram("apt-get", ["--version"], "Debian's or Ubuntu's apt-get");
  const { directory } = prometheusToolchain;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const download = () => runProgram("apt-get", ["download", "prometheus"], { cwd: directory });
  // A new machine has no lists of packages yet.
  await download().catch(async () => {
    await runProgram("apt-get", ["update"]);
    await download();
  });
  const [packageFile] = readdirSync(directory).filter((name) => name.endsWith(".deb"));
  if (packageFile === undefined) throw new Error("apt-get has downloaded no package of Prometheus");
  await runProgram("dpkg", ["--extract", packageFile, "."], { cwd: directory });
  rmSync(join(directory, packageFile));
}

function requireProgram(program: string, versionArguments: readonly string[], wanted: string): void {
  const check = spawnSync(program, versionArguments, { stdio: "ignore" });
  if (check.error || check.status !== 0) throw new Error(`${program} is missing: install ${wanted}, then run this again`);
}
