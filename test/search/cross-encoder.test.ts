import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { StartupError } from "../../src/domain/errors.ts";
import { limits } from "../../src/domain/limits.ts";
import { packagedModelDirectory } from "../../src/embedding/model-files.ts";
import { type CrossEncoder, openCrossEncoder } from "../../src/search/cross-encoder.ts";
import { crossEncoderTestdata, makeCrossEncoderDirectory, scoreOfOverlap } from "../support/cross-encoder-directory.ts";

const never = new AbortController().signal;
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Files = Parameters<typeof makeCrossEncoderDirectory>[0];

async function open(files: Files = {}, startThread?: Parameters<typeof openCrossEncoder>[1]): Promise<CrossEncoder> {
  const directory = await makeCrossEncoderDirectory(files);
  cleanUps.push(directory.remove);
  const crossEncoder = await openCrossEncoder(directory.path, startThread);
  cleanUps.push(() => crossEncoder.close());
  return crossEncoder;
}

function expectScores(scores: readonly number[], pairCounts: readonly number[]): void {
  expect(scores).toHaveLength(pairCounts.length);
  for (const [index, count] of pairCounts.entries()) expect(scores[index]).toBeCloseTo(scoreOfOverlap(count), 5);
}

describe("a cross-encoder", () => {
  it("scores each passage with the query, in their order", async () => {
    const crossEncoder = await open();
    const passages = ["The red mill by the river.", "Corn bread", "", "mill mill mill red", "A RED house"];
    expectScores(await crossEncoder.score("red mill", passages, never), [2, 0, 0, 4, 1]);
    expect(await crossEncoder.score("red mill", [], never)).toEqual([]);
  });

  it("takes a model with two classes for the same", async () => {
    const crossEncoder = await open({ model: join(crossEncoderTestdata, "two-classes.onnx") });
    expectScores(await crossEncoder.score("red mill", ["the red mill", "corn"], never), [2, 0]);
  });

  it("reads name, model file and positions from a manifest", async () => {
    const manifest = { name: "overlap", model: "model.onnx", positionsMax: 9 };
    const crossEncoder = await open({ manifest });
    expect(crossEncoder.name).toBe("overlap");
    // Nine positions: three special tokens, two of the query, and so four of the passage.
    expectScores(await crossEncoder.score("red mill", ["red red red red red red", "a b c d red"], never), [4, 0]);
    // A longer query keeps its first half of what is there.
    expectScores(await crossEncoder.score("a b c red red", ["a b c red red"], never), [3]);
  });

  it("cuts what is longer than the model's 512 positions", async () => {
    const crossEncoder = await open();
    const long = "corn ".repeat(507);
    expectScores(await crossEncoder.score("red mill", [`${long} red`, `${long.slice(5)} red`], never), [0, 1]);
  });

  it("takes turns between calls, each with its own scores", async () => {
    const crossEncoder = await open();
    const finished: string[] = [];
    const long = crossEncoder.score("red", new Array<string>(200).fill("red mill"), never).finally(() => finished.push("long"));
    const short = crossEncoder.score("red mill", ["red mill"], never).finally(() => finished.push("short"));
    expectScores(await short, [2]);
    expectScores(await long, new Array<number>(200).fill(1));
    expect(finished).toEqual(["short", "long"]);
  });

  it("drops what a caller no longer waits for", async () => {
    const crossEncoder = await open();
    const caller = new AbortController();
    const call = crossEncoder.score("red", new Array<string>(limits.crossEncoderPairsMax).fill("red"), caller.signal);
    const reason = new Error("gone");
    caller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(crossEncoder.score("red", ["red"], caller.signal)).rejects.toBe(reason);
    expectScores(await crossEncoder.score("red", ["red"], never), [1]);
  });

  it("refuses more pairs than may wait", async () => {
    const crossEncoder = await open();
    const caller = new AbortController();
    const passages = new Array<string>(limits.crossEncoderPairsMax).fill("red");
    const call = crossEncoder.score("red", passages, caller.signal);
    await expect(crossEncoder.score("red", ["red"], never)).rejects.toMatchObject({ failure: "overloaded" });
    caller.abort();
    await expect(call).rejects.toThrow();
  });

  it("fails its calls when it is closed, and takes no more", async () => {
    const crossEncoder = await open();
    const call = crossEncoder.score("red", new Array<string>(100).fill("red"), never);
    const closed = crossEncoder.close();
    await expect(call).rejects.toMatchObject({ failure: "unavailable" });
    await closed;
    await expect(crossEncoder.score("red", ["red"], never)).rejects.toMatchObject({ failure: "unavailable" });
  });

  it("fails the calls of a thread that crashes, and starts another after a while", async () => {
    const workers: Worker[] = [];
    const crossEncoder = await open({}, (file, workerData) => {
      const worker = new Worker(file, { workerData });
      workers.push(worker);
      return worker;
    });
    // What is no pair makes a real thread throw.
    workers[0]?.postMessage("no pair");
    await expect(crossEncoder.score("red", ["red", "mill"], never)).rejects.toMatchObject({ failure: "unavailable" });
    await expect(crossEncoder.score("red", ["red"], never)).rejects.toMatchObject({ failure: "unavailable" });
    expect(workers).toHaveLength(1);
    const again = () => crossEncoder.score("red", ["red"], never).catch(() => []);
    await expect.poll(again, { timeout: 4 * limits.crossEncoderRestartMs, interval: 250 }).toHaveLength(1);
    expect(workers).toHaveLength(2);
  });
});

describe("a directory without a usable cross-encoder", () => {
  const packagedModel = join(packagedModelDirectory, "model.onnx");
  it.each<{ what: string; files: Files; says: RegExp }>([
    { what: "no model", files: { model: null }, says: /model\.onnx of the cross-encoder is missing/ },
    { what: "another name in the manifest", files: { manifest: { model: "x.onnx" } }, says: /x\.onnx .* is missing/ },
    {
      what: "a file that is no model",
      files: { model: join(packagedModelDirectory, "manifest.json") },
      says: /cannot be loaded/,
    },
    { what: "an embedding model", files: { model: packagedModel }, says: /cannot be loaded: .*float32 of 1 × 1 or 1 × 2/ },
    {
      what: "a model of three classes",
      files: { model: join(crossEncoderTestdata, "three-classes.onnx") },
      says: /gives float32 of shape 1 × 3/,
    },
    {
      what: "a tokenizer that is not JSON",
      files: { tokenizer: "<html>" },
      says: /tokenizer\.json of the cross-encoder cannot be used/,
    },
    {
      what: "another kind of tokenizer",
      files: { tokenizer: "{}" },
      says: /tokenizer\.json of the cross-encoder cannot be used/,
    },
    { what: "a manifest that is not JSON", files: { manifest: "{" }, says: /manifest\.json .* is not JSON/ },
    { what: "a manifest of wrong types", files: { manifest: { positionsMax: "512" } }, says: /manifest\.json .* wrong type/ },
  ])("keeps the service from starting: $what", async ({ files, says }) => {
    const error: unknown = await open(files).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartupError);
    expect(String(error)).toMatch(says);
    expect(String(error)).toContain("LLMEMORY_CROSS_ENCODER_DIR");
  });

  it("is named when it is not there", async () => {
    await expect(openCrossEncoder("/nowhere")).rejects.toThrow("/nowhere/model.onnx of the cross-encoder is missing");
  });
});
