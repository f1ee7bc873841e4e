import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/databases.ts";
import { connectTo } from "../support/rpc-clients.ts";
import { startService } from "../support/service.ts";

const ownerId = "ada";
const trials = 100;

describe.each(testDatabases())("concurrent writers of one document on $name", ({ create }) => {
  it.each([2, 8])("%i of them never mix their versions", { timeout: 600_000 }, async (writers) => {
    const database = await create();
    await using service = await startService({ database });
    const clients = Array.from({ length: writers }, () => connectTo(service));
    const [reader] = clients;
    if (!reader) throw new Error("nobody writes");
    let mixed = 0;
    for (let trial = 0; trial < trials; trial++) {
      const idAtOrigin = `contested-${trial % 10}`;
      const contents = clients.map((_, writer) => contentOf(writer, trial));
      await Promise.all(
        clients.map(({ memory }, writer) =>
          memory.addDocument({ ownerId, idAtOrigin, content: contents[writer] ?? "", chunking: { chunkTokens: 32 } }),
        ),
      );
      const key = { case: "idAtOrigin" as const, value: idAtOrigin };
      const { content, chunks } = await reader.memory.getDocument({ ownerId, key, includeContent: true, includeChunks: true });
      const leaves = chunks.filter(({ chunkLevel }) => chunkLevel === 0);
      expect(leaves.length).toBeGreaterThan(3);
      const isWhole =
        contents.includes(content) &&
        leaves.every((leaf) => content.includes(leaf.content)) &&
        leaves.at(-1)?.charEnd === content.length;
      if (!isWhole) mixed++;
    }
    console.log(`${writers} writers of one document, ${trials} trials: ${mixed} mixed`);
    expect(mixed).toBe(0);
    const statistics = await reader.admin.getOwnerStatistics({ ownerId });
    expect(statistics.documentCount).toBe(10n);
    for (const client of clients) client.close();
    await service.stop();
    await database.drop();
  });
});

/** Each writer's version is of another length, and every sentence names its writer. */
function contentOf(writer: number, trial: number): string {
  const sentences = Array.from(
    { length: 8 + writer },
    (_, line) => `Writer ${writer} of trial ${trial} says in line ${line} what it knows.`,
  );
  return sentences.join("\n\n");
}
