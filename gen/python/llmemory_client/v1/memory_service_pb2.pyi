import datetime

from google.protobuf import duration_pb2 as _duration_pb2
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
ORDER_BY_UNSPECIFIED: OrderBy
ORDER_BY_CREATED_AT_DESC: OrderBy
ORDER_BY_CREATED_AT_ASC: OrderBy
ORDER_BY_UPDATED_AT_DESC: OrderBy
ORDER_BY_UPDATED_AT_ASC: OrderBy
ORDER_BY_DOCUMENT_NAME_ASC: OrderBy
ORDER_BY_DOCUMENT_NAME_DESC: OrderBy

class AddDocumentRequest(_message.Message):
    __slots__ = ("owner_id", "id_at_origin", "document_name", "document_type", "content", "metadata", "document_date", "language", "chunking", "wait_until")
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
    def __init__(self, owner_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_type: _Optional[_Union[_document_pb2.DocumentType, str]] = ..., content: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., language: _Optional[str] = ..., chunking: _Optional[_Union[_document_pb2.Chunking, _Mapping]] = ..., wait_until: _Optional[_Union[WaitUntil, str]] = ...) -> None: ...

class AddDocumentResponse(_message.Message):
    __slots__ = ("document", "outcome", "chunks_created", "chunks_kept", "chunks_removed", "embeddings_pending", "processing_time")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_CREATED_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_KEPT_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_REMOVED_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_PENDING_FIELD_NUMBER: _ClassVar[int]
    PROCESSING_TIME_FIELD_NUMBER: _ClassVar[int]
    document: _document_pb2.Document
    outcome: Outcome
    chunks_created: int
    chunks_kept: int
    chunks_removed: int
    embeddings_pending: int
    processing_time: _duration_pb2.Duration
    def __init__(self, document: _Optional[_Union[_document_pb2.Document, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., chunks_created: _Optional[int] = ..., chunks_kept: _Optional[int] = ..., chunks_removed: _Optional[int] = ..., embeddings_pending: _Optional[int] = ..., processing_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("owner_id", "stream_id")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    stream_id: str
    def __init__(self, owner_id: _Optional[str] = ..., stream_id: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("durable", "window", "drain")
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    durable: IngestDurable
    window: IngestWindow
    drain: IngestDrain
    def __init__(self, durable: _Optional[_Union[IngestDurable, _Mapping]] = ..., window: _Optional[_Union[IngestWindow, _Mapping]] = ..., drain: _Optional[_Union[IngestDrain, _Mapping]] = ...) -> None: ...

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
