import { expect, test } from "vitest";
import { InvalidSettingsError, loadSettings } from "../../src/config/load-settings.ts";

test("without an endpoint nothing is traced; the standard variable names one as well", () => {
  expect(loadSettings({})).toMatchObject({
    otlpEndpoint: undefined,
    traceSampleRatio: 1,
    tracePropagators: ["tracecontext", "baggage"],
  });
  const standard = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317/" };
  expect(loadSettings(standard).otlpEndpoint).toBe("http://collector:4317");
  expect(loadSettings({ ...standard, LLMEMORY_OTLP_ENDPOINT: "https://other:4317" }).otlpEndpoint).toBe("https://other:4317");
});

test.each([
  ["0", 0],
  ["0.01", 0.01],
  [".5", 0.5],
  ["1.0", 1],
])("a ratio of %s is %d", (text, ratio) => {
  expect(loadSettings({ LLMEMORY_TRACE_SAMPLE_RATIO: text }).traceSampleRatio).toBe(ratio);
});

test("propagators are a list", () => {
  expect(loadSettings({ LLMEMORY_TRACE_PROPAGATORS: "B3, tracecontext" }).tracePropagators).toEqual(["b3", "tracecontext"]);
});

test.each([
  ["LLMEMORY_OTLP_ENDPOINT", "127.0.0.1:4317", "begins with http://"],
  ["LLMEMORY_TRACE_SAMPLE_RATIO", "1.01", "from 0 to 1"],
  ["LLMEMORY_TRACE_SAMPLE_RATIO", "1%", "from 0 to 1"],
  ["LLMEMORY_TRACE_SAMPLE_RATIO", "-0", "from 0 to 1"],
  ["LLMEMORY_TRACE_PROPAGATORS", "tracecontext,jaeger", "some of tracecontext, baggage, b3, b3multi"],
  ["LLMEMORY_TRACE_PROPAGATORS", "b3,", "some of tracecontext"],
])("refuses %s=%s", (variable, value, says) => {
  const load = () => loadSettings({ [variable]: value });
  expect(load).toThrow(InvalidSettingsError);
  expect(load).toThrow(new RegExp(`${variable} .*${says}`));
});
