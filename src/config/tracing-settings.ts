import type { SettingDefinitions } from "./setting-definition.ts";
import { httpUrl } from "./setting-parsers.ts";

/** Forms in which traces cross from service to service, as OTEL_PROPAGATORS names them. */
export const tracePropagators = ["tracecontext", "baggage", "b3", "b3multi"] as const;
export type TracePropagator = (typeof tracePropagators)[number];

export interface TracingSettings {
  /** Where an OTLP/gRPC collector takes spans; undefined: nothing is traced, and nothing of tracing is loaded. */
  readonly otlpEndpoint: string | undefined;
  /** Of requests whose caller has not decided for them, 0 to 1. */
  readonly traceSampleRatio: number;
  readonly tracePropagators: readonly TracePropagator[];
}

/** The part of the catalogue of settings that is of tracing. */
export const tracingSettingDefinitions: SettingDefinitions<TracingSettings> = {
  otlpEndpoint: {
    variables: ["LLMEMORY_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"],
    fallback: undefined,
    description: "OTLP/gRPC collector that traces are sent to, such as http://127.0.0.1:4317; not set: no tracing",
    parse: httpUrl,
  },
  traceSampleRatio: {
    variables: ["LLMEMORY_TRACE_SAMPLE_RATIO"],
    fallback: "1",
    description: "part of the requests that is traced, 0 to 1; a caller that traces decides for its own requests",
    parse: ratio,
  },
  tracePropagators: {
    variables: ["LLMEMORY_TRACE_PROPAGATORS"],
    fallback: "tracecontext,baggage",
    description: `headers that traces come in and go on by, separated by commas: ${tracePropagators.join(", ")}`,
    parse: propagatorList,
  },
};

function ratio(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new Error(`is "${text}"; it must be a number from 0 to 1, such as 0.01`);
  return value;
}

function propagatorList(text: string): readonly TracePropagator[] {
  return text.split(",").map((word) => {
    const name = word.trim().toLowerCase();
    const propagator = tracePropagators.find((candidate) => candidate === name);
    if (!propagator) throw new Error(`holds "${word.trim()}"; it must be some of ${tracePropagators.join(", ")}`);
    return propagator;
  });
}
