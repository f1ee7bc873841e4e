"""A client of llmemory as a user would write it: grpcio with its default limits and the generated package.

It prints what it has seen as one line of JSON; go/main.go does the same, and client-report.ts says what must be in it.
"""

import argparse
import json
import queue

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from llmemory_client.v1 import (
    memory_service_pb2,
    memory_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)

OWNER = "python-client"
TIMEOUT_SECONDS = 180


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="127.0.0.1:50051", help="host:port of the service")
    address = parser.parse_args().address
    with grpc.insecure_channel(address) as channel:
        memory = memory_service_pb2_grpc.MemoryServiceStub(channel)
        search = search_service_pb2_grpc.SearchServiceStub(channel)
        report = {
            "add": add(memory),
            "search": find(search),
            "ingest": ingest(memory),
            "deadline": miss_deadline(memory),
            "invalid": send_invalid(memory),
            **read_large(memory),
        }
    print(json.dumps(report))


def add(memory: memory_service_pb2_grpc.MemoryServiceStub) -> dict:
    added = memory.AddDocument(
        memory_service_pb2.AddDocumentRequest(
            owner_id=OWNER,
            id_at_origin="notes/coffee",
            content="Alice drinks her coffee black.",
            wait_until=memory_service_pb2.WAIT_UNTIL_SEARCHABLE,
        ),
        timeout=TIMEOUT_SECONDS,
    )
    return {"outcome": memory_service_pb2.Outcome.Name(added.outcome), "chunksCreated": added.chunks_created}


def find(search: search_service_pb2_grpc.SearchServiceStub) -> list:
    found = search.Search(
        search_service_pb2.SearchRequest(owner_id=OWNER, query_text="How does Alice like her coffee?"), timeout=TIMEOUT_SECONDS
    )
    return [{"idAtOrigin": hit.id_at_origin, "content": hit.content} for hit in found.results]


def ingest(memory: memory_service_pb2_grpc.MemoryServiceStub) -> dict:
    """Sends five documents, of which the third is refused, and waits until the position is durable."""
    last = 5
    outgoing: queue.SimpleQueue = queue.SimpleQueue()
    stream = memory.IngestDocuments(iter(outgoing.get, None), timeout=TIMEOUT_SECONDS)
    outgoing.put(
        memory_service_pb2.IngestDocumentsRequest(
            open=memory_service_pb2.IngestOpen(owner_id=OWNER, stream_id="python-client")
        )
    )
    first = next(stream)
    assert first.WhichOneof("message") == "durable", "the first message of the server is not Durable"
    report = {"durableFirst": first.durable.up_to_sequence, "durableLast": 0, "windowItems": 0, "failures": [], "end": ""}

    for sequence in range(1, last + 1):
        document = memory_service_pb2.AddDocumentRequest(id_at_origin=f"stream/{sequence}")
        if sequence != 3:
            document.content = f"This is streamed note number {sequence}."
        outgoing.put(
            memory_service_pb2.IngestDocumentsRequest(
                item=memory_service_pb2.IngestItem(sequence=sequence, document=document)
            )
        )
    while report["durableLast"] < last:
        message = next(stream)
        if message.HasField("window"):
            report["windowItems"] = message.window.items
        if message.HasField("durable"):
            report["durableLast"] = message.durable.up_to_sequence
            report["failures"] += [describe_failure(failure) for failure in message.durable.failures]

    outgoing.put(memory_service_pb2.IngestDocumentsRequest(ack=memory_service_pb2.IngestAck(up_to_sequence=last)))
    outgoing.put(None)
    for _ in stream:
        pass
    report["end"] = stream.code().name
    return report


def describe_failure(failure: memory_service_pb2.IngestFailure) -> dict:
    return {"sequence": failure.sequence, "idAtOrigin": failure.id_at_origin, "error": describe_status(failure.error)}


def miss_deadline(memory: memory_service_pb2_grpc.MemoryServiceStub) -> dict:
    """Asks for more than a hundredth of a second allows."""
    request = memory_service_pb2.AddDocumentRequest(
        owner_id=OWNER,
        id_at_origin="too-slow",
        content=text(2_000_000),
        wait_until=memory_service_pb2.WAIT_UNTIL_SEARCHABLE,
    )
    return describe_call(memory.AddDocument, request, timeout=0.01)


def send_invalid(memory: memory_service_pb2_grpc.MemoryServiceStub) -> dict:
    request = memory_service_pb2.AddDocumentRequest(document_name="n" * 501)
    return describe_call(memory.AddDocument, request, timeout=TIMEOUT_SECONDS)


def read_large(memory: memory_service_pb2_grpc.MemoryServiceStub) -> dict:
    """Reads a reply just below what grpcio receives by default, then asks for one beyond it."""
    for name, size in {"large": 3_500_000, "larger": 5_000_000}.items():
        request = memory_service_pb2.AddDocumentRequest(owner_id=OWNER, id_at_origin=name, content=text(size))
        memory.AddDocument(request, timeout=TIMEOUT_SECONDS)
    large = memory.GetDocument(whole_document("large"), timeout=TIMEOUT_SECONDS)
    larger = describe_call(memory.GetDocument, whole_document("larger"), timeout=TIMEOUT_SECONDS)
    return {"largeReply": len(large.content), "largerReply": larger}


def whole_document(id_at_origin: str) -> memory_service_pb2.GetDocumentRequest:
    return memory_service_pb2.GetDocumentRequest(owner_id=OWNER, id_at_origin=id_at_origin, include_content=True)


def text(size: int) -> str:
    sentence = "The quick brown fox jumps over the lazy dog. "
    return (sentence * (size // len(sentence) + 1))[:size]


def describe_call(call: grpc.UnaryUnaryMultiCallable, request: object, timeout: float) -> dict:
    try:
        call(request, timeout=timeout)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        return describe_status(status) if status else {"code": error.code().name, "fields": None, "reason": ""}
    return {"code": "OK", "fields": None, "reason": ""}


def describe_status(status: status_pb2.Status) -> dict:
    bad_request, error_info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    for detail in status.details:
        for known in (bad_request, error_info):
            detail.Unpack(known)
    return {
        "code": code_pb2.Code.Name(status.code),
        "fields": [violation.field for violation in bad_request.field_violations] or None,
        "reason": error_info.reason,
    }


if __name__ == "__main__":
    main()
