import { startService } from "/work/main/test/support/service.ts";
import { connectTo } from "/work/main/test/support/rpc-clients.ts";
import { grpcJsCaller } from "/work/main/test/end-to-end/clients/grpc-js-caller.ts";
const service = await startService();
const c = connectTo(service);
try {
const facts = (e: any) => `${e.rawMessage ?? e.message} ${e.code} ${JSON.stringify(e.facts ?? {})}`;
for (const size of [10_000_000, 10_000_001, 12_000_000, 16*1024*1024, 17*1024*1024]) {
  await c.memory.addDocument({ ownerId: "a", content: "x".repeat(size) }).then(() => console.log(size, "ok"), (e) => console.log(size, facts(e)));
  await c.memory.listDocuments({ ownerId: "a" }).then(() => console.log("list ok"), (e) => console.log("list", facts(e)));
}
const d = connectTo(service);
await d.memory.listDocuments({ ownerId: "a" }).then(() => console.log("fresh list ok"), (e) => console.log("list", facts(e)));
d.close();
const g = await grpcJsCaller(service);
for (const size of [12_000_000, 16*1024*1024, 17*1024*1024]) {
await g.call("MemoryService/AddDocument", { ownerId: "a", content: "x".repeat(size) }).then(() => console.log(size, "ok"), (e) => console.log("grpc-js", size, facts(e)));
await g.call("MemoryService/ListDocuments", { ownerId: "a" }).then(() => console.log("list ok"), (e) => console.log("list", facts(e)));
}
g.close();
} finally { c.close(); await service.stop(); }
