import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PreconditionError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/**
 * Takes a snapshot of this thread's heap and gives its file in pieces. The thread stands still while it is taken, and V8 needs about as much
 * memory again. V8 hands out the text faster than anybody could send it, so it goes through a temporary file, which has no name by then:
 * whatever happens to the process, nothing of it is left behind.
 *
 * @throws PreconditionError PROFILE_NOT_WRITTEN if there is no room for the file.
 */
export async function* takeHeapSnapshot(): AsyncGenerator<Uint8Array> {
  const file = await openNamelessFile().catch((error: unknown) => {
    throw notWritten(error);
  });
  try {
    await writeSnapshot(file);
    let position = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(limits.profilePieceBytes), { position });
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function openNamelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `llmemory-${randomUUID()}.heapsnapshot`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  return file;
}

async function writeSnapshot(file: FileHandle): Promise<void> {
  const session = new Session();
  session.connect();
  let failure: unknown;
  session.on("HeapProfiler.addHeapSnapshotChunk", ({ params }) => {
    if (failure !== undefined) return;
    try {
      writeWhole(file.fd, Buffer.from(params.chunk));
    } catch (error) {
      // Thrown from here it would only become a warning.
      failure = error;
    }
  });
  try {
    await session.post("HeapProfiler.takeHeapSnapshot");
  } finally {
    session.disconnect();
  }
  if (failure !== undefined) throw notWritten(failure);
}

/** A disk that is nearly full takes a part first. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(fd, bytes, written);
}

function notWritten(cause: unknown): PreconditionError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return new PreconditionError(
    "PROFILE_NOT_WRITTEN",
    `the heap snapshot needs a temporary file in ${tmpdir()}, which cannot be written (${code}); make room, or set TMPDIR`,
    { cause },
  );
}
