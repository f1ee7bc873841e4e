import { Worker } from "node:worker_threads";
import { limits } from "../domain/limits.ts";

/** Starts a thread that runs a model with onnxruntime. */
export function startModelThread(file: URL, options: { readonly name: string; readonly workerData: unknown }): Worker {
  // onnxruntime sends usage data to its maker unless told not to. It reads the process's environment, of which a thread has a copy only.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  return new Worker(file, {
    ...options,
    resourceLimits: { maxYoungGenerationSizeMb: limits.threadYoungGenerationMiB },
    // Without this each thread would load the telemetry of `--import` too.
    execArgv: [],
  });
}
