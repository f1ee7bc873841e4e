import { readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import packageFile from "../package.json" with { type: "json" };

/** The conditions of a measurement, as the head of its results. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const dependencies = packageFile.dependencies;
  return [
    `- machine: ${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, shared with others`,
    `- load before the run: ${loadavg()[0]?.toFixed(2)}`,
    `- Node ${process.versions.node}, PGlite ${dependencies["@electric-sql/pglite"]}, onnxruntime-node ${dependencies["onnxruntime-node"]}, llmemory ${packageFile.version}`,
    `- date: ${new Date().toISOString().slice(0, 10)}`,
  ].join("\n");
}

/** Resident memory of a process in MB (10⁶ bytes); Linux only. */
export function residentMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kib) * 1_024) / 1e6;
}

/** CPU seconds that a process has used, its threads included; Linux only. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  // utime and stime, fields 14 and 15, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The value below which a share of the values lies; `share` 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
