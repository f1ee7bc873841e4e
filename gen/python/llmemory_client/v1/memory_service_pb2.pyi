import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from llmemory_client.v1 import document_pb2 as _document_pb2
from llmemory_client.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WaitUntil(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WAIT_UNTIL_UNSPECIFIED: _ClassVar[WaitUntil]
    WAIT_UNTIL_COMMITTED: _ClassVar[WaitUntil]
    WAIT_UNTIL_SEARCHABLE: _ClassVar[WaitUntil]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_CREATED: _ClassVar[Outcome]
    OUTCOME_UPDATED: _ClassVar[Outcome]
    OUTCOME_UNCHANGED: _ClassVar[Outcome]

class EnrichmentDegradation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENRICHMENT_DEGRADATION_UNSPECIFIED: _ClassVar[EnrichmentDegradation]
    ENRICHMENT_DEGRADATION_CONTEXT_PREFIX_TEMPLATE: _ClassVar[EnrichmentDegradation]
    ENRICHMENT_DEGRADATION_SUMMARY_EXTRACTIVE: _ClassVar[EnrichmentDegradation]

class OrderBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_BY_UNSPECIFIED: _ClassVar[OrderBy]
    ORDER_BY_CREATED_AT_DESC: _ClassVar[OrderBy]
    ORDER_BY_CREATED_AT_ASC: _ClassVar[OrderBy]
    ORDER_BY_UPDATED_AT_DESC: _ClassVar[OrderBy]
    ORDER_BY_UPDATED_AT_ASC: _ClassVar[OrderBy]
    ORDER_BY_DOCUMENT_NAME_ASC: _ClassVar[OrderBy]
    ORDER_BY_DOCUMENT_NAME_DESC: _ClassVar[OrderBy]
WAIT_UNTIL_UNSPECIFIED: WaitUntil
WAIT_UNTIL_COMMITTED: WaitUntil
WAIT_UNTIL_SEARCHABLE: WaitUntil
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_CREATED: Outcome
OUTCOME_UPDATED: Outcome
OUTCOME_UNCHANGED: Outcome
ENRICHMENT_DEGRADATION_UNSPECIFIED: EnrichmentDegradation
ENRICHMENT_DEGRADATION_CONTEXT_PREFIX_TEMPLATE: EnrichmentDegradation
ENRICHMENT_DEGRADATION_SUMMARY_EXTRACTIVE: EnrichmentDegradation
ORDER_BY_UNSPECIFIED: OrderBy
ORDER_BY_CREATED_AT_DESC: OrderBy
ORDER_BY_CREATED_AT_ASC: OrderBy
ORDER_BY_UPDATED_AT_DESC: OrderBy
ORDER_BY_UPDATED_AT_ASC: OrderBy
ORDER_BY_DOCUMENT_NAME_ASC: OrderBy
ORDER_BY_DOCUMENT_NAME_DESC: OrderBy

class AddDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "id_at_origin", "document_name", "document_type", "content", "metadata", "document_date", "language", "chunking", "wait_until", "expires_at", "idempotency_key", "embedding", "enrichment")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CHUNKING_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    ENRICHMENT_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    id_at_origin: str
    document_name: str
    document_type: _document_pb2.DocumentType
    content: str
    metadata: _struct_pb2.Struct
    document_date: _timestamp_pb2.Timestamp
    language: str
    chunking: _document_pb2.Chunking
    wait_until: WaitUntil
    expires_at: _timestamp_pb2.Timestamp
    idempotency_key: str
    embedding: _document_pb2.DocumentEmbedding
    enrichment: _document_pb2.Enrichment
    def __init__(self, owner_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_type: _Optional[_Union[_document_pb2.DocumentType, str]] = ..., content: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., language: _Optional[str] = ..., chunking: _Optional[_Union[_document_pb2.Chunking, _Mapping]] = ..., wait_until: _Optional[_Union[WaitUntil, str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., embedding: _Optional[_Union[_document_pb2.DocumentEmbedding, _Mapping]] = ..., enrichment: _Optional[_Union[_document_pb2.Enrichment, _Mapping]] = ...) -> None: ...

class AddDocumentResponse(_message.Message):
    __slots__ = ("document", "outcome", "chunks_created", "chunks_kept", "chunks_removed", "embeddings_pending", "processing_time", "degraded")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_CREATED_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_KEPT_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_PENDING_FIELD_NUMBER: _ClassVar[int]
    PROCESSING_TIME_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.Document
    outcome: Outcome
    chunks_created: int
    chunks_kept: int
    chunks_removed: int
    embeddings_pending: int
    processing_time: _duration_pb2.Duration
    degraded: _containers.RepeatedScalarFieldContainer[EnrichmentDegradation]
    def __init__(self, document: _Optional[_Union[_document_pb2.Document, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., chunks_created: _Optional[int] = ..., chunks_kept: _Optional[int] = ..., chunks_removed: _Optional[int] = ..., embeddings_pending: _Optional[int] = ..., processing_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., degraded: _Optional[_Iterable[_Union[EnrichmentDegradation, str]]] = ...) -> None: ...

class BatchAddDocumentsRequest(_message.Message):
    __slots__ = ("documents",)
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[AddDocumentRequest]
    def __init__(self, documents: _Optional[_Iterable[_Union[AddDocumentRequest, _Mapping]]] = ...) -> None: ...

class BatchAddDocumentsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchAddDocumentsResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchAddDocumentsResult, _Mapping]]] = ...) -> None: ...

class BatchAddDocumentsResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: AddDocumentResponse
    error: _status_pb2.Status
    def __init__(self, response: _Optional[_Union[AddDocumentResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class IngestDocumentsRequest(_message.Message):
    __slots__ = ("open", "item", "ack")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    open: IngestOpen
    item: IngestItem
    ack: IngestAck
    def __init__(self, open: _Optional[_Union[IngestOpen, _Mapping]] = ..., item: _Optional[_Union[IngestItem, _Mapping]] = ..., ack: _Optional[_Union[IngestAck, _Mapping]] = ...) -> None: ...

class IngestOpen(_message.Message):
    __slots__ = ("owner_id", "stream_id", "wait_until", "bulk")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_FIELD_NUMBER: _ClassVar[int]
    BULK_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    stream_id: str
    wait_until: WaitUntil
    bulk: bool
    def __init__(self, owner_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., wait_until: _Optional[_Union[WaitUntil, str]] = ..., bulk: _Optional[bool] = ...) -> None: ...

class IngestItem(_message.Message):
    __slots__ = ("sequence", "document")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    document: AddDocumentRequest
    def __init__(self, sequence: _Optional[int] = ..., document: _Optional[_Union[AddDocumentRequest, _Mapping]] = ...) -> None: ...

class IngestAck(_message.Message):
    __slots__ = ("up_to_sequence",)
    UP_TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    up_to_sequence: int
    def __init__(self, up_to_sequence: _Optional[int] = ...) -> None: ...

class IngestDocumentsResponse(_message.Message):
    __slots__ = ("durable", "window", "drain", "indexed")
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    INDEXED_FIELD_NUMBER: _ClassVar[int]
    durable: IngestDurable
    window: IngestWindow
    drain: IngestDrain
    indexed: IngestIndexed
    def __init__(self, durable: _Optional[_Union[IngestDurable, _Mapping]] = ..., window: _Optional[_Union[IngestWindow, _Mapping]] = ..., drain: _Optional[_Union[IngestDrain, _Mapping]] = ..., indexed: _Optional[_Union[IngestIndexed, _Mapping]] = ...) -> None: ...

class IngestDurable(_message.Message):
    __slots__ = ("up_to_sequence", "failures")
    UP_TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    up_to_sequence: int
    failures: _containers.RepeatedCompositeFieldContainer[IngestFailure]
    def __init__(self, up_to_sequence: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[IngestFailure, _Mapping]]] = ...) -> None: ...

class IngestFailure(_message.Message):
    __slots__ = ("sequence", "id_at_origin", "error")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    id_at_origin: str
    error: _status_pb2.Status
    def __init__(self, sequence: _Optional[int] = ..., id_at_origin: _Optional[str] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class IngestWindow(_message.Message):
    __slots__ = ("items", "bytes")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    items: int
    bytes: int
    def __init__(self, items: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class IngestIndexed(_message.Message):
    __slots__ = ("up_to_sequence", "dead_chunks")
    UP_TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DEAD_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    up_to_sequence: int
    dead_chunks: int
    def __init__(self, up_to_sequence: _Optional[int] = ..., dead_chunks: _Optional[int] = ...) -> None: ...

class IngestDrain(_message.Message):
    __slots__ = ("retry_after",)
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    retry_after: _duration_pb2.Duration
    def __init__(self, retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "document_id", "id_at_origin", "include_chunks", "include_content", "include_embeddings")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CONTENT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_id: str
    id_at_origin: str
    include_chunks: bool
    include_content: bool
    include_embeddings: bool
    def __init__(self, owner_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., include_chunks: _Optional[bool] = ..., include_content: _Optional[bool] = ..., include_embeddings: _Optional[bool] = ...) -> None: ...

class GetDocumentResponse(_message.Message):
    __slots__ = ("document", "chunks", "content")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.Document
    chunks: _containers.RepeatedCompositeFieldContainer[_document_pb2.Chunk]
    content: str
    def __init__(self, document: _Optional[_Union[_document_pb2.Document, _Mapping]] = ..., chunks: _Optional[_Iterable[_Union[_document_pb2.Chunk, _Mapping]]] = ..., content: _Optional[str] = ...) -> None: ...

class ReadDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "document_id", "id_at_origin", "char_start", "char_end")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CHAR_START_FIELD_NUMBER: _ClassVar[int]
    CHAR_END_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_id: str
    id_at_origin: str
    char_start: int
    char_end: int
    def __init__(self, owner_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., char_start: _Optional[int] = ..., char_end: _Optional[int] = ...) -> None: ...

class ReadDocumentResponse(_message.Message):
    __slots__ = ("document", "char_start", "content")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CHAR_START_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.Document
    char_start: int
    content: str
    def __init__(self, document: _Optional[_Union[_document_pb2.Document, _Mapping]] = ..., char_start: _Optional[int] = ..., content: _Optional[str] = ...) -> None: ...

class GetChunksRequest(_message.Message):
    __slots__ = ("owner_id", "chunk_ids", "document_id", "id_at_origin", "chunk_index_start", "chunk_index_end", "context_window", "include_parent_context", "include_embeddings", "page_size", "page_token")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    CHUNK_IDS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CHUNK_INDEX_START_FIELD_NUMBER: _ClassVar[int]
    CHUNK_INDEX_END_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PARENT_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    chunk_ids: _containers.RepeatedScalarFieldContainer[str]
    document_id: str
    id_at_origin: str
    chunk_index_start: int
    chunk_index_end: int
    context_window: int
    include_parent_context: bool
    include_embeddings: bool
    page_size: int
    page_token: str
    def __init__(self, owner_id: _Optional[str] = ..., chunk_ids: _Optional[_Iterable[str]] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., chunk_index_start: _Optional[int] = ..., chunk_index_end: _Optional[int] = ..., context_window: _Optional[int] = ..., include_parent_context: _Optional[bool] = ..., include_embeddings: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetChunksResponse(_message.Message):
    __slots__ = ("chunks", "missing_chunk_ids", "next_page_token")
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    MISSING_CHUNK_IDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    chunks: _containers.RepeatedCompositeFieldContainer[ChunkInContext]
    missing_chunk_ids: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, chunks: _Optional[_Iterable[_Union[ChunkInContext, _Mapping]]] = ..., missing_chunk_ids: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ChunkInContext(_message.Message):
    __slots__ = ("chunk", "parent", "neighbors")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    NEIGHBORS_FIELD_NUMBER: _ClassVar[int]
    chunk: _document_pb2.Chunk
    parent: _document_pb2.Chunk
    neighbors: _containers.RepeatedCompositeFieldContainer[_document_pb2.Chunk]
    def __init__(self, chunk: _Optional[_Union[_document_pb2.Chunk, _Mapping]] = ..., parent: _Optional[_Union[_document_pb2.Chunk, _Mapping]] = ..., neighbors: _Optional[_Iterable[_Union[_document_pb2.Chunk, _Mapping]]] = ...) -> None: ...

class ListDocumentsRequest(_message.Message):
    __slots__ = ("owner_id", "filter", "order_by", "page_size", "page_token")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    filter: _document_pb2.Filter
    order_by: OrderBy
    page_size: int
    page_token: str
    def __init__(self, owner_id: _Optional[str] = ..., filter: _Optional[_Union[_document_pb2.Filter, _Mapping]] = ..., order_by: _Optional[_Union[OrderBy, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDocumentsResponse(_message.Message):
    __slots__ = ("documents", "next_page_token")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[_document_pb2.Document]
    next_page_token: str
    def __init__(self, documents: _Optional[_Iterable[_Union[_document_pb2.Document, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "document_id", "id_at_origin", "document_name", "document_date", "metadata", "expires_at", "update_mask", "expected_version")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_id: str
    id_at_origin: str
    document_name: str
    document_date: _timestamp_pb2.Timestamp
    metadata: _struct_pb2.Struct
    expires_at: _timestamp_pb2.Timestamp
    update_mask: _field_mask_pb2.FieldMask
    expected_version: int
    def __init__(self, owner_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., expected_version: _Optional[int] = ...) -> None: ...

class UpdateDocumentResponse(_message.Message):
    __slots__ = ("document",)
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.Document
    def __init__(self, document: _Optional[_Union[_document_pb2.Document, _Mapping]] = ...) -> None: ...

class DeleteDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "document_id", "id_at_origin")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_id: str
    id_at_origin: str
    def __init__(self, owner_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ...) -> None: ...

class DeleteDocumentResponse(_message.Message):
    __slots__ = ("document_id", "chunks_deleted")
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_DELETED_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    chunks_deleted: int
    def __init__(self, document_id: _Optional[str] = ..., chunks_deleted: _Optional[int] = ...) -> None: ...

class DeleteDocumentsRequest(_message.Message):
    __slots__ = ("owner_id", "document_ids", "ids_at_origin", "filter", "dry_run")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    IDS_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_ids: _containers.RepeatedScalarFieldContainer[str]
    ids_at_origin: _containers.RepeatedScalarFieldContainer[str]
    filter: _document_pb2.Filter
    dry_run: bool
    def __init__(self, owner_id: _Optional[str] = ..., document_ids: _Optional[_Iterable[str]] = ..., ids_at_origin: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[_document_pb2.Filter, _Mapping]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class DeleteDocumentsResponse(_message.Message):
    __slots__ = ("documents_deleted", "chunks_deleted", "more_remain")
    DOCUMENTS_DELETED_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_DELETED_FIELD_NUMBER: _ClassVar[int]
    MORE_REMAIN_FIELD_NUMBER: _ClassVar[int]
    documents_deleted: int
    chunks_deleted: int
    more_remain: bool
    def __init__(self, documents_deleted: _Optional[int] = ..., chunks_deleted: _Optional[int] = ..., more_remain: _Optional[bool] = ...) -> None: ...
