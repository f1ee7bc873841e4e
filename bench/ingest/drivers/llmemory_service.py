"""This service as a driver of the peers' harness, through its generated Python client: documents over IngestDocuments, one stream an
owner, or in batches.

environment: SERVICE_COMMAND  starts the service and prints `llmemory ready grpc=HOST:PORT http=HOST:PORT`
             WAIT_FOR         durable (default): until everything is committed; indexed: until vector search finds it, too
             BATCH          so many documents in each BatchAddDocuments, two calls at a time; default: by streams
             WARM_UP          so many documents are stored for another owner beforehand
             SINGLE_OWNER     so many documents are stored and indexed for one owner beforehand, and all documents go to that one
"""
import asyncio, json, os, shlex, subprocess
from collections import deque
import gen, grpc, psutil
from drivers.base import Driver
from llmemory_client.v1 import admin_service_pb2 as admin, admin_service_pb2_grpc as admin_grpc
from llmemory_client.v1 import document_pb2 as document, memory_service_pb2 as memory, memory_service_pb2_grpc as memory_grpc


class Service(Driver):
    name = "llmemory-service"

    async def start(self):
        self.process = subprocess.Popen(shlex.split(os.environ["SERVICE_COMMAND"]), stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if ready[:2] != ["llmemory", "ready"]:
            raise RuntimeError(f"the service did not start: {ready}")
        self.channel = grpc.aio.insecure_channel(ready[2].removeprefix("grpc="))
        self.memory = memory_grpc.MemoryServiceStub(self.channel)
        self.admin = admin_grpc.AdminServiceStub(self.channel)
        self.wait_until = memory.WAIT_UNTIL_SEARCHABLE if os.environ.get("WAIT_FOR") == "indexed" else memory.WAIT_UNTIL_COMMITTED
        self.batch = int(os.environ.get("BATCH", "0"))
        self.warm_up = int(os.environ.get("WARM_UP", "0"))
        self.stored_before = int(os.environ.get("SINGLE_OWNER", "0"))

    async def reset(self):
        if self.warm_up:
            documents = gen.docs(self.warm_up, 2000, 1, seed=gen.SEED + 8, prefix="warm")
            await self.store("somebody", documents, memory.WAIT_UNTIL_SEARCHABLE)
        if self.stored_before:
            documents = gen.docs(self.stored_before, 2000, 1, seed=gen.SEED + 7, prefix="before")
            await self.store("big", documents, memory.WAIT_UNTIL_SEARCHABLE)
            # The vectors go into the approximate index behind the stream's back.
            await asyncio.sleep(float(os.environ.get("SETTLE_SECONDS", "30")))

    def service_pids(self):
        process = psutil.Process(self.process.pid)
        return [process.pid] + [child.pid for child in process.children(recursive=True)]

    def db_kind(self):
        return "pg"

    async def bulk_ingest(self, documents, concurrency):
        owners = self.owners = {}
        for each in documents:
            owners.setdefault("big" if self.stored_before else each["owner"], []).append(each)
        if self.batch:
            batches = iter([documents[i : i + self.batch] for i in range(0, len(documents), self.batch)])
            await asyncio.gather(*[self.store_batches(batches) for _ in range(2)])
        else:
            await asyncio.gather(*[self.store(owner, mine, self.wait_until) for owner, mine in owners.items()])
        # Asking for the chunks here would be timed: `stop` does.
        return len(documents)

    async def store_batches(self, batches):
        for batch in batches:
            requests = [self.request(each, owner_id=each["owner"], wait_until=self.wait_until) for each in batch]
            reply = await self.memory.BatchAddDocuments(memory.BatchAddDocumentsRequest(documents=requests))
            refused = [each.error for each in reply.results if each.WhichOneof("result") != "response"]
            if refused or len(reply.results) != len(batch):
                raise RuntimeError(f"{len(refused)} documents were refused: {refused[:1]}")

    def request(self, each, **others):
        return memory.AddDocumentRequest(
            id_at_origin=each["id"], document_name=each["name"], document_type=document.DOCUMENT_TYPE_TEXT, content=each["text"], **others)

    async def store(self, owner, documents, wait_until):
        """Keeps to the window: items beyond the last durable position, and bytes in flight."""
        window = memory.IngestWindow(items=1, bytes=1)
        durable, sent, in_flight, bytes_in_flight, changed = 0, 0, deque(), 0, asyncio.Event()

        async def requests():
            nonlocal sent, bytes_in_flight
            yield memory.IngestDocumentsRequest(open=memory.IngestOpen(owner_id=owner, stream_id=f"bench-{documents[0]['id']}", wait_until=wait_until))
            for each in documents:
                item = memory.IngestItem(sequence=sent + 1, document=self.request(each))
                size = item.ByteSize()
                while in_flight and (len(in_flight) >= window.items or bytes_in_flight + size > window.bytes):
                    changed.clear()
                    await changed.wait()
                in_flight.append(size)
                bytes_in_flight += size
                sent += 1
                yield memory.IngestDocumentsRequest(item=item)

        async for reply in self.memory.IngestDocuments(requests()):
            kind = reply.WhichOneof("message")
            if kind == "durable":
                if reply.durable.failures:
                    raise RuntimeError(f"refused: {reply.durable.failures[0]}")
                while durable < reply.durable.up_to_sequence:
                    bytes_in_flight -= in_flight.popleft()
                    durable += 1
            elif kind == "window":
                window = reply.window
            changed.set()
        if durable != len(documents):
            raise RuntimeError(f"{durable} of {len(documents)} documents are durable")

    async def stop(self):
        statistics = [await self.admin.GetOwnerStatistics(admin.GetOwnerStatisticsRequest(owner_id=owner)) for owner in self.owners]
        print(json.dumps({"stored_chunks": sum(each.chunk_count for each in statistics)}))
        await self.channel.close()
        self.process.terminate()
        self.process.wait(20)


def create():
    return Service()
