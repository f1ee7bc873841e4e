/**
 * Runs in a worker thread of its own, since `session.run()` holds the thread it is called on. Receives one pair per message and answers each
 * in turn. Nothing is caught here: an error ends the thread, and `cross-encoder.ts` starts another.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { CrossEncoderInput } from "./cross-encoder-input.ts";

/** Given to the thread when it starts. */
export interface CrossEncoderThreadSettings {
  readonly modelFile: string;
  /** Scored before the thread is ready, so that a model of another kind is found out at once. */
  readonly probe: CrossEncoderInput;
}

/** What the thread receives: a pair; or `close`, after which it ends. */
export type CrossEncoderThreadRequest = CrossEncoderInput | "close";

/** What the thread sends: `ready` once, then one `scored` for each pair. */
export type CrossEncoderThreadMessage = { readonly kind: "ready" } | { readonly kind: "scored"; readonly score: number };

const port = parentPort;
if (port === null) throw new Error("cross-encoder-thread runs as a worker thread only");
const settings = workerData as CrossEncoderThreadSettings;

const session = await InferenceSession.create(settings.modelFile, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  // As for the embedder: plans would be kept per input length.
  enableMemPattern: false,
});
const missing = ["input_ids", "attention_mask"].filter((name) => !session.inputNames.includes(name));
if (missing.length > 0) throw new Error(`the model has no input ${missing.join(" and ")}`);

port.on("message", (request: CrossEncoderThreadRequest) => {
  // A run that has begun still ends; then nothing keeps the thread.
  if (request === "close") port.close();
  else void answer(request);
});
await scoreOf(settings.probe);
send({ kind: "ready" });

async function answer(input: CrossEncoderInput): Promise<void> {
  send({ kind: "scored", score: await scoreOf(input) });
}

/** One logit is a score before the sigmoid; two are the classes "irrelevant" and "relevant", and softmax of two is the sigmoid of their difference. */
async function scoreOf({ ids, typeIds }: CrossEncoderInput): Promise<number> {
  const shape = [1, ids.length];
  const inputs: Readonly<Record<string, BigInt64Array>> = {
    input_ids: ids,
    attention_mask: new BigInt64Array(ids.length).fill(1n),
    token_type_ids: typeIds,
  };
  // Models without types, such as DistilBERT's, have no such input.
  const feeds = session.inputNames.flatMap((name) => (inputs[name] ? [[name, new Tensor("int64", inputs[name], shape)]] : []));
  const outputs = await session.run(Object.fromEntries(feeds));
  const output = outputs.logits ?? outputs[session.outputNames[0] ?? ""];
  if (!(output?.data instanceof Float32Array) || output.data.length > 2) {
    throw new Error(
      `the model gives ${output?.type} of shape ${output?.dims.join(" × ")}; a cross-encoder gives float32 of 1 × 1 or 1 × 2`,
    );
  }
  const [first = Number.NaN, second] = output.data;
  const logit = second === undefined ? first : second - first;
  if (Number.isNaN(logit)) throw new Error("the model gives no number");
  return 1 / (1 + Math.exp(-logit));
}

function send(message: CrossEncoderThreadMessage): void {
  port?.postMessage(message);
}
