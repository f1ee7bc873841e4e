import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EmbeddingProvider(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMBEDDING_PROVIDER_UNSPECIFIED: _ClassVar[EmbeddingProvider]
    EMBEDDING_PROVIDER_LOCAL: _ClassVar[EmbeddingProvider]
    EMBEDDING_PROVIDER_OPENAI: _ClassVar[EmbeddingProvider]
    EMBEDDING_PROVIDER_HASHING: _ClassVar[EmbeddingProvider]

class EmbeddingModelState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMBEDDING_MODEL_STATE_UNSPECIFIED: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_BUILDING: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_READY: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_INCOMPLETE: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_ACTIVE: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_RETIRED: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_DROPPING: _ClassVar[EmbeddingModelState]
    EMBEDDING_MODEL_STATE_DROPPED: _ClassVar[EmbeddingModelState]
EMBEDDING_PROVIDER_UNSPECIFIED: EmbeddingProvider
EMBEDDING_PROVIDER_LOCAL: EmbeddingProvider
EMBEDDING_PROVIDER_OPENAI: EmbeddingProvider
EMBEDDING_PROVIDER_HASHING: EmbeddingProvider
EMBEDDING_MODEL_STATE_UNSPECIFIED: EmbeddingModelState
EMBEDDING_MODEL_STATE_BUILDING: EmbeddingModelState
EMBEDDING_MODEL_STATE_READY: EmbeddingModelState
EMBEDDING_MODEL_STATE_INCOMPLETE: EmbeddingModelState
EMBEDDING_MODEL_STATE_ACTIVE: EmbeddingModelState
EMBEDDING_MODEL_STATE_RETIRED: EmbeddingModelState
EMBEDDING_MODEL_STATE_DROPPING: EmbeddingModelState
EMBEDDING_MODEL_STATE_DROPPED: EmbeddingModelState

class EmbeddingModel(_message.Message):
    __slots__ = ("model_id", "provider", "name", "dimension", "state", "table_name", "base_url", "chunks_total", "chunks_done", "chunks_waiting", "chunks_dead", "created_at", "state_changed_at", "comparison")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TABLE_NAME_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_DONE_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_WAITING_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_DEAD_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    provider: EmbeddingProvider
    name: str
    dimension: int
    state: EmbeddingModelState
    table_name: str
    base_url: str
    chunks_total: int
    chunks_done: int
    chunks_waiting: int
    chunks_dead: int
    created_at: _timestamp_pb2.Timestamp
    state_changed_at: _timestamp_pb2.Timestamp
    comparison: ModelComparison
    def __init__(self, model_id: _Optional[str] = ..., provider: _Optional[_Union[EmbeddingProvider, str]] = ..., name: _Optional[str] = ..., dimension: _Optional[int] = ..., state: _Optional[_Union[EmbeddingModelState, str]] = ..., table_name: _Optional[str] = ..., base_url: _Optional[str] = ..., chunks_total: _Optional[int] = ..., chunks_done: _Optional[int] = ..., chunks_waiting: _Optional[int] = ..., chunks_dead: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state_changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., comparison: _Optional[_Union[ModelComparison, _Mapping]] = ...) -> None: ...

class ModelComparison(_message.Message):
    __slots__ = ("compared_with", "compared_at", "query_count", "history_query_count", "overlap_at_10", "overlap_at_10_min", "same_first")
    COMPARED_WITH_FIELD_NUMBER: _ClassVar[int]
    COMPARED_AT_FIELD_NUMBER: _ClassVar[int]
    QUERY_COUNT_FIELD_NUMBER: _ClassVar[int]
    HISTORY_QUERY_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_AT_10_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_AT_10_MIN_FIELD_NUMBER: _ClassVar[int]
    SAME_FIRST_FIELD_NUMBER: _ClassVar[int]
    compared_with: str
    compared_at: _timestamp_pb2.Timestamp
    query_count: int
    history_query_count: int
    overlap_at_10: float
    overlap_at_10_min: float
    same_first: float
    def __init__(self, compared_with: _Optional[str] = ..., compared_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., query_count: _Optional[int] = ..., history_query_count: _Optional[int] = ..., overlap_at_10: _Optional[float] = ..., overlap_at_10_min: _Optional[float] = ..., same_first: _Optional[float] = ...) -> None: ...
