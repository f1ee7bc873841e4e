/**
 * Runs in a worker thread of its own, since `session.run()` holds the thread it is called on. Receives the token ids of one text per message
 * and answers each in turn. Nothing is caught here: an error ends the thread, and `embedder-thread.ts` starts another.
 */
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { poolMeanToUnitVector } from "./mean-pooling.ts";

/** Given to the thread when it starts. */
export interface LocalEmbedderThreadSettings {
  readonly modelFile: string;
  readonly dimension: number;
  /** 0 is ordinary, up to 19; a higher one gives way to the other threads of the process. */
  readonly niceness: number;
}

/** What the thread receives: ids from [CLS] to [SEP], in the type that the model takes; or `close`, after which it ends. */
export type LocalEmbedderThreadRequest = BigInt64Array | "close";

/** What the thread sends: `ready` once, then one `embedded` for each request. */
export type LocalEmbedderThreadMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "embedded"; readonly vector: Float32Array<ArrayBuffer> };

const port = parentPort;
if (port === null) throw new Error("local-embedder-thread runs as a worker thread only");
const settings = workerData as LocalEmbedderThreadSettings;

// On Linux a niceness belongs to the calling thread; elsewhere it would slow the whole process.
if (settings.niceness > 0 && process.platform === "linux") setPriority(settings.niceness);

const session = await InferenceSession.create(settings.modelFile, {
  // One core per session; parallelism comes from the number of threads.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  // Plans are kept per input length, which differs with every text. Two sessions after 200 texts: 314 MB with, 283 MB without, equal speed.
  // The arena stays on: without it an input of 512 positions takes 1.7 times the CPU, spent on page faults.
  enableMemPattern: false,
});

port.on("message", (request: LocalEmbedderThreadRequest) => {
  // A run that has begun still ends; then nothing keeps the thread.
  if (request === "close") port.close();
  else void embed(request);
});
send({ kind: "ready" });

async function embed(inputIds: BigInt64Array): Promise<void> {
  const vector = poolMeanToUnitVector(await run(inputIds), settings.dimension);
  send({ kind: "embedded", vector });
}

/** The model's last layer: a row per position. */
async function run(inputIds: BigInt64Array): Promise<Float32Array> {
  const shape = [1, inputIds.length];
  const outputs = await session.run({
    input_ids: new Tensor("int64", inputIds, shape),
    attention_mask: new Tensor("int64", new BigInt64Array(inputIds.length).fill(1n), shape),
    token_type_ids: new Tensor("int64", new BigInt64Array(inputIds.length), shape),
  });
  const data = outputs.last_hidden_state?.data;
  if (!(data instanceof Float32Array)) throw new Error(`${settings.modelFile} has no float32 output last_hidden_state`);
  return data;
}

function send(message: LocalEmbedderThreadMessage): void {
  port?.postMessage(message, message.kind === "embedded" ? [message.vector.buffer] : []);
}
