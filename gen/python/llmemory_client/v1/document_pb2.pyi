import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DocumentType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_TYPE_UNSPECIFIED: _ClassVar[DocumentType]
    DOCUMENT_TYPE_PDF: _ClassVar[DocumentType]
    DOCUMENT_TYPE_MARKDOWN: _ClassVar[DocumentType]
    DOCUMENT_TYPE_CODE: _ClassVar[DocumentType]
    DOCUMENT_TYPE_TEXT: _ClassVar[DocumentType]
    DOCUMENT_TYPE_HTML: _ClassVar[DocumentType]
    DOCUMENT_TYPE_DOCX: _ClassVar[DocumentType]
    DOCUMENT_TYPE_EMAIL: _ClassVar[DocumentType]
    DOCUMENT_TYPE_REPORT: _ClassVar[DocumentType]
    DOCUMENT_TYPE_CHAT: _ClassVar[DocumentType]
    DOCUMENT_TYPE_PRESENTATION: _ClassVar[DocumentType]
    DOCUMENT_TYPE_LEGAL_DOCUMENT: _ClassVar[DocumentType]
    DOCUMENT_TYPE_TECHNICAL_DOC: _ClassVar[DocumentType]
    DOCUMENT_TYPE_BUSINESS_REPORT: _ClassVar[DocumentType]
    DOCUMENT_TYPE_UNKNOWN: _ClassVar[DocumentType]

class ChunkingStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHUNKING_STRATEGY_UNSPECIFIED: _ClassVar[ChunkingStrategy]
    CHUNKING_STRATEGY_HIERARCHICAL: _ClassVar[ChunkingStrategy]
    CHUNKING_STRATEGY_FIXED_SIZE: _ClassVar[ChunkingStrategy]
    CHUNKING_STRATEGY_SEMANTIC: _ClassVar[ChunkingStrategy]
    CHUNKING_STRATEGY_SLIDING_WINDOW: _ClassVar[ChunkingStrategy]

class ContextPrefix(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTEXT_PREFIX_UNSPECIFIED: _ClassVar[ContextPrefix]
    CONTEXT_PREFIX_NONE: _ClassVar[ContextPrefix]
    CONTEXT_PREFIX_TEMPLATE: _ClassVar[ContextPrefix]
    CONTEXT_PREFIX_MODEL: _ClassVar[ContextPrefix]

class ChunkSummary(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHUNK_SUMMARY_UNSPECIFIED: _ClassVar[ChunkSummary]
    CHUNK_SUMMARY_NONE: _ClassVar[ChunkSummary]
    CHUNK_SUMMARY_EXTRACTIVE: _ClassVar[ChunkSummary]
    CHUNK_SUMMARY_MODEL: _ClassVar[ChunkSummary]

class Operator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPERATOR_UNSPECIFIED: _ClassVar[Operator]
    OPERATOR_EQ: _ClassVar[Operator]
    OPERATOR_NE: _ClassVar[Operator]
    OPERATOR_IN: _ClassVar[Operator]
    OPERATOR_RANGE: _ClassVar[Operator]
    OPERATOR_EXISTS: _ClassVar[Operator]
    OPERATOR_CONTAINS: _ClassVar[Operator]
DOCUMENT_TYPE_UNSPECIFIED: DocumentType
DOCUMENT_TYPE_PDF: DocumentType
DOCUMENT_TYPE_MARKDOWN: DocumentType
DOCUMENT_TYPE_CODE: DocumentType
DOCUMENT_TYPE_TEXT: DocumentType
DOCUMENT_TYPE_HTML: DocumentType
DOCUMENT_TYPE_DOCX: DocumentType
DOCUMENT_TYPE_EMAIL: DocumentType
DOCUMENT_TYPE_REPORT: DocumentType
DOCUMENT_TYPE_CHAT: DocumentType
DOCUMENT_TYPE_PRESENTATION: DocumentType
DOCUMENT_TYPE_LEGAL_DOCUMENT: DocumentType
DOCUMENT_TYPE_TECHNICAL_DOC: DocumentType
DOCUMENT_TYPE_BUSINESS_REPORT: DocumentType
DOCUMENT_TYPE_UNKNOWN: DocumentType
CHUNKING_STRATEGY_UNSPECIFIED: ChunkingStrategy
CHUNKING_STRATEGY_HIERARCHICAL: ChunkingStrategy
CHUNKING_STRATEGY_FIXED_SIZE: ChunkingStrategy
CHUNKING_STRATEGY_SEMANTIC: ChunkingStrategy
CHUNKING_STRATEGY_SLIDING_WINDOW: ChunkingStrategy
CONTEXT_PREFIX_UNSPECIFIED: ContextPrefix
CONTEXT_PREFIX_NONE: ContextPrefix
CONTEXT_PREFIX_TEMPLATE: ContextPrefix
CONTEXT_PREFIX_MODEL: ContextPrefix
CHUNK_SUMMARY_UNSPECIFIED: ChunkSummary
CHUNK_SUMMARY_NONE: ChunkSummary
CHUNK_SUMMARY_EXTRACTIVE: ChunkSummary
CHUNK_SUMMARY_MODEL: ChunkSummary
OPERATOR_UNSPECIFIED: Operator
OPERATOR_EQ: Operator
OPERATOR_NE: Operator
OPERATOR_IN: Operator
OPERATOR_RANGE: Operator
OPERATOR_EXISTS: Operator
OPERATOR_CONTAINS: Operator

class Chunking(_message.Message):
    __slots__ = ("strategy", "chunk_tokens", "overlap_tokens")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CHUNK_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_TOKENS_FIELD_NUMBER: _ClassVar[int]
    strategy: ChunkingStrategy
    chunk_tokens: int
    overlap_tokens: int
    def __init__(self, strategy: _Optional[_Union[ChunkingStrategy, str]] = ..., chunk_tokens: _Optional[int] = ..., overlap_tokens: _Optional[int] = ...) -> None: ...

class Enrichment(_message.Message):
    __slots__ = ("context_prefix", "summary")
    CONTEXT_PREFIX_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    context_prefix: ContextPrefix
    summary: ChunkSummary
    def __init__(self, context_prefix: _Optional[_Union[ContextPrefix, str]] = ..., summary: _Optional[_Union[ChunkSummary, str]] = ...) -> None: ...

class Document(_message.Message):
    __slots__ = ("owner_id", "document_id", "id_at_origin", "document_name", "document_type", "document_date", "metadata", "language", "chunk_count", "size_bytes", "version", "created_at", "updated_at", "expires_at")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_COUNT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_id: str
    id_at_origin: str
    document_name: str
    document_type: DocumentType
    document_date: _timestamp_pb2.Timestamp
    metadata: _struct_pb2.Struct
    language: str
    chunk_count: int
    size_bytes: int
    version: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, owner_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_type: _Optional[_Union[DocumentType, str]] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., language: _Optional[str] = ..., chunk_count: _Optional[int] = ..., size_bytes: _Optional[int] = ..., version: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("chunk_id", "document_id", "parent_chunk_id", "chunk_index", "chunk_level", "content", "token_count", "char_start", "char_end", "metadata", "embedding", "context_prefix", "summary")
    CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    CHUNK_INDEX_FIELD_NUMBER: _ClassVar[int]
    CHUNK_LEVEL_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHAR_START_FIELD_NUMBER: _ClassVar[int]
    CHAR_END_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_PREFIX_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    chunk_id: str
    document_id: str
    parent_chunk_id: str
    chunk_index: int
    chunk_level: int
    content: str
    token_count: int
    char_start: int
    char_end: int
    metadata: _struct_pb2.Struct
    embedding: _containers.RepeatedScalarFieldContainer[float]
    context_prefix: str
    summary: str
    def __init__(self, chunk_id: _Optional[str] = ..., document_id: _Optional[str] = ..., parent_chunk_id: _Optional[str] = ..., chunk_index: _Optional[int] = ..., chunk_level: _Optional[int] = ..., content: _Optional[str] = ..., token_count: _Optional[int] = ..., char_start: _Optional[int] = ..., char_end: _Optional[int] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., embedding: _Optional[_Iterable[float]] = ..., context_prefix: _Optional[str] = ..., summary: _Optional[str] = ...) -> None: ...

class DocumentEmbedding(_message.Message):
    __slots__ = ("model", "vectors", "packed_vectors")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VECTORS_FIELD_NUMBER: _ClassVar[int]
    PACKED_VECTORS_FIELD_NUMBER: _ClassVar[int]
    model: str
    vectors: _containers.RepeatedCompositeFieldContainer[EmbeddingVector]
    packed_vectors: bytes
    def __init__(self, model: _Optional[str] = ..., vectors: _Optional[_Iterable[_Union[EmbeddingVector, _Mapping]]] = ..., packed_vectors: _Optional[bytes] = ...) -> None: ...

class EmbeddingVector(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class Filter(_message.Message):
    __slots__ = ("ids_at_origin", "document_ids", "document_types", "date_from", "date_to", "metadata", "languages")
    IDS_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    DATE_FROM_FIELD_NUMBER: _ClassVar[int]
    DATE_TO_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    ids_at_origin: _containers.RepeatedScalarFieldContainer[str]
    document_ids: _containers.RepeatedScalarFieldContainer[str]
    document_types: _containers.RepeatedScalarFieldContainer[DocumentType]
    date_from: _timestamp_pb2.Timestamp
    date_to: _timestamp_pb2.Timestamp
    metadata: MetadataExpression
    languages: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids_at_origin: _Optional[_Iterable[str]] = ..., document_ids: _Optional[_Iterable[str]] = ..., document_types: _Optional[_Iterable[_Union[DocumentType, str]]] = ..., date_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., date_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[MetadataExpression, _Mapping]] = ..., languages: _Optional[_Iterable[str]] = ...) -> None: ...

class MetadataExpression(_message.Message):
    __slots__ = ("condition", "all", "any")
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    ANY_FIELD_NUMBER: _ClassVar[int]
    NOT_FIELD_NUMBER: _ClassVar[int]
    condition: MetadataCondition
    all: MetadataExpressionList
    any: MetadataExpressionList
    def __init__(self, condition: _Optional[_Union[MetadataCondition, _Mapping]] = ..., all: _Optional[_Union[MetadataExpressionList, _Mapping]] = ..., any: _Optional[_Union[MetadataExpressionList, _Mapping]] = ..., **kwargs) -> None: ...

class MetadataExpressionList(_message.Message):
    __slots__ = ("expressions",)
    EXPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    expressions: _containers.RepeatedCompositeFieldContainer[MetadataExpression]
    def __init__(self, expressions: _Optional[_Iterable[_Union[MetadataExpression, _Mapping]]] = ...) -> None: ...

class MetadataCondition(_message.Message):
    __slots__ = ("path", "operator", "value")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    path: str
    operator: Operator
    value: _struct_pb2.Value
    def __init__(self, path: _Optional[str] = ..., operator: _Optional[_Union[Operator, str]] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
