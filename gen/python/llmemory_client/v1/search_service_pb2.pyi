import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from llmemory_client.v1 import document_pb2 as _document_pb2
from llmemory_client.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SearchType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEARCH_TYPE_UNSPECIFIED: _ClassVar[SearchType]
    SEARCH_TYPE_HYBRID: _ClassVar[SearchType]
    SEARCH_TYPE_VECTOR: _ClassVar[SearchType]
    SEARCH_TYPE_TEXT: _ClassVar[SearchType]

class Fusion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FUSION_UNSPECIFIED: _ClassVar[Fusion]
    FUSION_RELATIVE_SCORE: _ClassVar[Fusion]
    FUSION_RRF: _ClassVar[Fusion]

class Plan(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_UNSPECIFIED: _ClassVar[Plan]
    PLAN_EXACT: _ClassVar[Plan]
    PLAN_TEXT_ONLY: _ClassVar[Plan]

class ShortfallReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHORTFALL_REASON_UNSPECIFIED: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_FEWER_MATCH: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_REPLY_SIZE: _ClassVar[ShortfallReason]

class Degradation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEGRADATION_UNSPECIFIED: _ClassVar[Degradation]
    DEGRADATION_EMBEDDER_UNAVAILABLE: _ClassVar[Degradation]
    DEGRADATION_EMBEDDINGS_PENDING: _ClassVar[Degradation]
SEARCH_TYPE_UNSPECIFIED: SearchType
SEARCH_TYPE_HYBRID: SearchType
SEARCH_TYPE_VECTOR: SearchType
SEARCH_TYPE_TEXT: SearchType
FUSION_UNSPECIFIED: Fusion
FUSION_RELATIVE_SCORE: Fusion
FUSION_RRF: Fusion
PLAN_UNSPECIFIED: Plan
PLAN_EXACT: Plan
PLAN_TEXT_ONLY: Plan
SHORTFALL_REASON_UNSPECIFIED: ShortfallReason
SHORTFALL_REASON_FEWER_MATCH: ShortfallReason
SHORTFALL_REASON_REPLY_SIZE: ShortfallReason
DEGRADATION_UNSPECIFIED: Degradation
DEGRADATION_EMBEDDER_UNAVAILABLE: Degradation
DEGRADATION_EMBEDDINGS_PENDING: Degradation

class SearchRequest(_message.Message):
    __slots__ = ("owner_id", "query_text", "search_type", "limit", "alpha", "fusion", "filter")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_TEXT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    FUSION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    query_text: str
    search_type: SearchType
    limit: int
    alpha: float
    fusion: Fusion
    filter: _document_pb2.Filter
    def __init__(self, owner_id: _Optional[str] = ..., query_text: _Optional[str] = ..., search_type: _Optional[_Union[SearchType, str]] = ..., limit: _Optional[int] = ..., alpha: _Optional[float] = ..., fusion: _Optional[_Union[Fusion, str]] = ..., filter: _Optional[_Union[_document_pb2.Filter, _Mapping]] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("search_id", "results", "receipt")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    results: _containers.RepeatedCompositeFieldContainer[SearchResult]
    receipt: Receipt
    def __init__(self, search_id: _Optional[str] = ..., results: _Optional[_Iterable[_Union[SearchResult, _Mapping]]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class SearchResult(_message.Message):
    __slots__ = ("chunk_id", "document_id", "id_at_origin", "document_name", "document_type", "document_metadata", "document_date", "chunk_metadata", "content", "chunk_index", "char_start", "char_end", "score", "similarity", "text_rank", "vector_position", "text_position", "rrf_score")
    CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ID_AT_ORIGIN_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_METADATA_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_DATE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_METADATA_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_INDEX_FIELD_NUMBER: _ClassVar[int]
    CHAR_START_FIELD_NUMBER: _ClassVar[int]
    CHAR_END_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    TEXT_RANK_FIELD_NUMBER: _ClassVar[int]
    VECTOR_POSITION_FIELD_NUMBER: _ClassVar[int]
    TEXT_POSITION_FIELD_NUMBER: _ClassVar[int]
    RRF_SCORE_FIELD_NUMBER: _ClassVar[int]
    chunk_id: str
    document_id: str
    id_at_origin: str
    document_name: str
    document_type: _document_pb2.DocumentType
    document_metadata: _struct_pb2.Struct
    document_date: _timestamp_pb2.Timestamp
    chunk_metadata: _struct_pb2.Struct
    content: str
    chunk_index: int
    char_start: int
    char_end: int
    score: float
    similarity: float
    text_rank: float
    vector_position: int
    text_position: int
    rrf_score: float
    def __init__(self, chunk_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_type: _Optional[_Union[_document_pb2.DocumentType, str]] = ..., document_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., chunk_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., content: _Optional[str] = ..., chunk_index: _Optional[int] = ..., char_start: _Optional[int] = ..., char_end: _Optional[int] = ..., score: _Optional[float] = ..., similarity: _Optional[float] = ..., text_rank: _Optional[float] = ..., vector_position: _Optional[int] = ..., text_position: _Optional[int] = ..., rrf_score: _Optional[float] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("plan", "model", "candidates_vector", "candidates_text", "owner_chunks", "truncated", "shortfall_reason", "degraded", "stage_times")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_VECTOR_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_TEXT_FIELD_NUMBER: _ClassVar[int]
    OWNER_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_REASON_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    STAGE_TIMES_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    model: str
    candidates_vector: int
    candidates_text: int
    owner_chunks: int
    truncated: bool
    shortfall_reason: ShortfallReason
    degraded: _containers.RepeatedScalarFieldContainer[Degradation]
    stage_times: _containers.RepeatedCompositeFieldContainer[StageTime]
    def __init__(self, plan: _Optional[_Union[Plan, str]] = ..., model: _Optional[str] = ..., candidates_vector: _Optional[int] = ..., candidates_text: _Optional[int] = ..., owner_chunks: _Optional[int] = ..., truncated: _Optional[bool] = ..., shortfall_reason: _Optional[_Union[ShortfallReason, str]] = ..., degraded: _Optional[_Iterable[_Union[Degradation, str]]] = ..., stage_times: _Optional[_Iterable[_Union[StageTime, _Mapping]]] = ...) -> None: ...

class StageTime(_message.Message):
    __slots__ = ("stage", "duration")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    stage: str
    duration: _duration_pb2.Duration
    def __init__(self, stage: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
