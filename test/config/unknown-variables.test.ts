import { expect, test } from "vitest";
import { variablesOf } from "../../src/config/setting-variables.ts";
import { settingDefinitions } from "../../src/config/settings.ts";
import { nearestName, unknownVariables } from "../../src/config/unknown-variables.ts";

test("what is set and known, or not set, or of others, is not told of", () => {
  const known = Object.values(settingDefinitions).flatMap(variablesOf);
  const others = ["LLMEMORY_OWNER", "AWORD_OWNER", "LLMEMORY_CONFIG_FILE", "PATH", "MY_LLMEMORY_THING"];
  expect(unknownVariables(Object.fromEntries([...known, ...others].map((variable) => [variable, "x"])))).toEqual([]);
  expect(unknownVariables({ LLMEMORY_NONSENSE: "", AWORD_NONSENSE: undefined })).toEqual([]);
});

test.each([
  ["LLMEMORY_LOGLEVEL", "LLMEMORY_LOG_LEVEL"],
  ["AWORD_SHEMA", "LLMEMORY_SCHEMA"],
  ["LLMEMORY_DATABASE_URI", "LLMEMORY_DATABASE_URL"],
  ["LLMEMORY_EMBEDING_API_KEY", "LLMEMORY_EMBEDDING_API_KEY"],
])("%s was meant to be %s, and its value is not shown", (variable, meant) => {
  expect(unknownVariables({ [variable]: "hunter2" })).toEqual([`${variable} is no setting; did you mean ${meant}?`]);
});

test("what is near to nothing is told of without a guess", () => {
  expect(unknownVariables({ LLMEMORY_FAVOURITE_COLOUR: "blue", AWORD_X: "1" })).toEqual([
    "AWORD_X is no setting",
    "LLMEMORY_FAVOURITE_COLOUR is no setting",
  ]);
  expect(nearestName("abc", ["xyz"])).toBeUndefined();
});

test("variables by which Kubernetes names Services are not told of", () => {
  const linked = (service: string, port: string) => ({
    [`${service}_SERVICE_HOST`]: "10.0.0.1",
    [`${service}_SERVICE_PORT`]: port,
    [`${service}_SERVICE_PORT_GRPC`]: port,
    [`${service}_PORT`]: `tcp://10.0.0.1:${port}`,
    [`${service}_PORT_${port}_TCP`]: `tcp://10.0.0.1:${port}`,
    [`${service}_PORT_${port}_TCP_PROTO`]: "tcp",
    [`${service}_PORT_${port}_TCP_PORT`]: port,
    [`${service}_PORT_${port}_TCP_ADDR`]: "10.0.0.1",
  });
  const environment = { ...linked("LLMEMORY", "50051"), ...linked("LLMEMORY_WORKER", "8080"), ...linked("AWORD", "1") };
  expect(unknownVariables(environment)).toEqual([]);
});

test("a port that somebody has set by hand is told of", () => {
  expect(unknownVariables({ LLMEMORY_PORT: "50051" })).toEqual(["LLMEMORY_PORT is no setting"]);
});
