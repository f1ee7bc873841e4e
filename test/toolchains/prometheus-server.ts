import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { prometheusProgram, repositoryDirectory } from "../../scripts/toolchains.ts";
import { freePort } from "../support/free-port.ts";

/** One series of an answer: its labels and its value now. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** One series of an answer about a range: its labels and its values. */
export interface SampleRange {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

/** Seconds since 1970, and those between two values. */
export interface TimeRange {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly stepSeconds: number;
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "pending" | "firing";
}

/** A real Prometheus that scrapes a service every second, with the project's alerts, which do not wait before they fire. */
export interface PrometheusServer {
  readonly query: (expression: string) => Promise<readonly Sample[]>;
  readonly queryRange: (expression: string, range: TimeRange) => Promise<readonly SampleRange[]>;
  readonly alerts: () => Promise<readonly Alert[]>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export async function startPrometheus(scraped: string): Promise<PrometheusServer> {
  const directory = await mkdtemp(join(tmpdir(), "llmemory-prometheus-"));
  const rules = await readFile(join(repositoryDirectory, "deploy/prometheus/llmemory.rules.yaml"), "utf8");
  await writeFile(join(directory, "rules.yaml"), rules.replaceAll(/^( +)for: \d+[mh]$/gm, "$1for: 0s"));
  const configuration = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: ["rules.yaml"],
    scrape_configs: [{ job_name: "llmemory", static_configs: [{ targets: [scraped] }] }],
  };
  // JSON is YAML too.
  await writeFile(join(directory, "prometheus.yaml"), JSON.stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    prometheusProgram("prometheus"),
    [
      `--config.file=${join(directory, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const exited = once(child, "exit");
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const stop = async () => {
    process.off("exit", killNow);
    child.kill("SIGTERM");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://${address}${path}`);
    const { data, error } = (await response.json()) as { data: T; error?: string };
    if (error !== undefined) throw new Error(`${path}: ${error}`);
    return data;
  };
  const deadline = performance.now() + 60_000;
  while (!(await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || performance.now() > deadline) {
      if (child.exitCode === null) await stop();
      throw new Error(`Prometheus did not start:\n${log}`);
    }
    await sleep(100);
  }
  return {
    query: async (expression) =>
      (await ask<{ result: Sample[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result,
    queryRange: async (expression, { startSeconds, endSeconds, stepSeconds }) => {
      const parameters = new URLSearchParams({
        query: expression,
        start: `${startSeconds}`,
        end: `${endSeconds}`,
        step: `${stepSeconds}`,
      });
      return (await ask<{ result: SampleRange[] }>(`/api/v1/query_range?${parameters}`)).result;
    },
    alerts: async () => (await ask<{ alerts: Alert[] }>("/api/v1/alerts")).alerts,
    [Symbol.asyncDispose]: stop,
  };
}
