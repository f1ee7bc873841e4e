import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from llmemory_client.v1 import document_pb2 as _document_pb2
from llmemory_client.v1 import embedding_model_pb2 as _embedding_model_pb2
from llmemory_client.v1 import options_pb2 as _options_pb2
from llmemory_client.v1 import search_service_pb2 as _search_service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class IndexProfile(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INDEX_PROFILE_UNSPECIFIED: _ClassVar[IndexProfile]
    INDEX_PROFILE_FAST: _ClassVar[IndexProfile]
    INDEX_PROFILE_BALANCED: _ClassVar[IndexProfile]
    INDEX_PROFILE_ACCURATE: _ClassVar[IndexProfile]

class ProfileKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROFILE_KIND_UNSPECIFIED: _ClassVar[ProfileKind]
    PROFILE_KIND_CPU: _ClassVar[ProfileKind]
    PROFILE_KIND_HEAP: _ClassVar[ProfileKind]
    PROFILE_KIND_ALLOCATIONS: _ClassVar[ProfileKind]
INDEX_PROFILE_UNSPECIFIED: IndexProfile
INDEX_PROFILE_FAST: IndexProfile
INDEX_PROFILE_BALANCED: IndexProfile
INDEX_PROFILE_ACCURATE: IndexProfile
PROFILE_KIND_UNSPECIFIED: ProfileKind
PROFILE_KIND_CPU: ProfileKind
PROFILE_KIND_HEAP: ProfileKind
PROFILE_KIND_ALLOCATIONS: ProfileKind

class GetOwnerStatisticsRequest(_message.Message):
    __slots__ = ("owner_id",)
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    def __init__(self, owner_id: _Optional[str] = ...) -> None: ...

class GetOwnerStatisticsResponse(_message.Message):
    __slots__ = ("document_count", "chunk_count", "total_size_bytes", "embedded_chunk_count", "embeddings_pending", "embeddings_dead", "document_types", "first_created_at", "last_updated_at", "embeddings_missing")
    DOCUMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EMBEDDED_CHUNK_COUNT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_PENDING_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_DEAD_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    FIRST_CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_MISSING_FIELD_NUMBER: _ClassVar[int]
    document_count: int
    chunk_count: int
    total_size_bytes: int
    embedded_chunk_count: int
    embeddings_pending: int
    embeddings_dead: int
    document_types: _containers.RepeatedCompositeFieldContainer[DocumentTypeCount]
    first_created_at: _timestamp_pb2.Timestamp
    last_updated_at: _timestamp_pb2.Timestamp
    embeddings_missing: int
    def __init__(self, document_count: _Optional[int] = ..., chunk_count: _Optional[int] = ..., total_size_bytes: _Optional[int] = ..., embedded_chunk_count: _Optional[int] = ..., embeddings_pending: _Optional[int] = ..., embeddings_dead: _Optional[int] = ..., document_types: _Optional[_Iterable[_Union[DocumentTypeCount, _Mapping]]] = ..., first_created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., embeddings_missing: _Optional[int] = ...) -> None: ...

class DocumentTypeCount(_message.Message):
    __slots__ = ("document_type", "document_count")
    DOCUMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    document_type: _document_pb2.DocumentType
    document_count: int
    def __init__(self, document_type: _Optional[_Union[_document_pb2.DocumentType, str]] = ..., document_count: _Optional[int] = ...) -> None: ...

class ListOwnersRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOwnersResponse(_message.Message):
    __slots__ = ("owners", "next_page_token")
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    owners: _containers.RepeatedCompositeFieldContainer[Owner]
    next_page_token: str
    def __init__(self, owners: _Optional[_Iterable[_Union[Owner, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Owner(_message.Message):
    __slots__ = ("owner_id", "document_count", "chunk_count")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_COUNT_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    document_count: int
    chunk_count: int
    def __init__(self, owner_id: _Optional[str] = ..., document_count: _Optional[int] = ..., chunk_count: _Optional[int] = ...) -> None: ...

class GetConfigurationRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConfigurationResponse(_message.Message):
    __slots__ = ("settings",)
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    settings: _containers.RepeatedCompositeFieldContainer[ConfigurationSetting]
    def __init__(self, settings: _Optional[_Iterable[_Union[ConfigurationSetting, _Mapping]]] = ...) -> None: ...

class ConfigurationSetting(_message.Message):
    __slots__ = ("variable", "value", "source")
    VARIABLE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    variable: str
    value: str
    source: str
    def __init__(self, variable: _Optional[str] = ..., value: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class GetHealthReportRequest(_message.Message):
    __slots__ = ("force",)
    FORCE_FIELD_NUMBER: _ClassVar[int]
    force: bool
    def __init__(self, force: _Optional[bool] = ...) -> None: ...

class GetHealthReportResponse(_message.Message):
    __slots__ = ("healthy", "probed_at", "database", "embeddings", "connection_pool")
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    PROBED_AT_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_POOL_FIELD_NUMBER: _ClassVar[int]
    healthy: bool
    probed_at: _timestamp_pb2.Timestamp
    database: HealthProbe
    embeddings: HealthProbe
    connection_pool: PoolStats
    def __init__(self, healthy: _Optional[bool] = ..., probed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., database: _Optional[_Union[HealthProbe, _Mapping]] = ..., embeddings: _Optional[_Union[HealthProbe, _Mapping]] = ..., connection_pool: _Optional[_Union[PoolStats, _Mapping]] = ...) -> None: ...

class HealthProbe(_message.Message):
    __slots__ = ("healthy", "response_time", "error")
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    healthy: bool
    response_time: _duration_pb2.Duration
    error: str
    def __init__(self, healthy: _Optional[bool] = ..., response_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., error: _Optional[str] = ...) -> None: ...

class PoolStats(_message.Message):
    __slots__ = ("active", "idle", "total", "waiting")
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    active: int
    idle: int
    total: int
    waiting: int
    def __init__(self, active: _Optional[int] = ..., idle: _Optional[int] = ..., total: _Optional[int] = ..., waiting: _Optional[int] = ...) -> None: ...

class GetPoolStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPoolStatsResponse(_message.Message):
    __slots__ = ("pool",)
    POOL_FIELD_NUMBER: _ClassVar[int]
    pool: PoolStats
    def __init__(self, pool: _Optional[_Union[PoolStats, _Mapping]] = ...) -> None: ...

class GetEmbeddingHealthRequest(_message.Message):
    __slots__ = ("force",)
    FORCE_FIELD_NUMBER: _ClassVar[int]
    force: bool
    def __init__(self, force: _Optional[bool] = ...) -> None: ...

class GetEmbeddingHealthResponse(_message.Message):
    __slots__ = ("probe", "probed_at", "model_id", "dimension")
    PROBE_FIELD_NUMBER: _ClassVar[int]
    PROBED_AT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    probe: HealthProbe
    probed_at: _timestamp_pb2.Timestamp
    model_id: str
    dimension: int
    def __init__(self, probe: _Optional[_Union[HealthProbe, _Mapping]] = ..., probed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model_id: _Optional[str] = ..., dimension: _Optional[int] = ...) -> None: ...

class GetEmbeddingQueueRequest(_message.Message):
    __slots__ = ("owner_id",)
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    def __init__(self, owner_id: _Optional[str] = ...) -> None: ...

class GetEmbeddingQueueResponse(_message.Message):
    __slots__ = ("total_size", "dead", "oldest_age", "owners", "dead_reasons")
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    OLDEST_AGE_FIELD_NUMBER: _ClassVar[int]
    OWNERS_FIELD_NUMBER: _ClassVar[int]
    DEAD_REASONS_FIELD_NUMBER: _ClassVar[int]
    total_size: int
    dead: int
    oldest_age: _duration_pb2.Duration
    owners: _containers.RepeatedCompositeFieldContainer[OwnerEmbeddingQueue]
    dead_reasons: _containers.RepeatedCompositeFieldContainer[DeadJobsReason]
    def __init__(self, total_size: _Optional[int] = ..., dead: _Optional[int] = ..., oldest_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., owners: _Optional[_Iterable[_Union[OwnerEmbeddingQueue, _Mapping]]] = ..., dead_reasons: _Optional[_Iterable[_Union[DeadJobsReason, _Mapping]]] = ...) -> None: ...

class DeadJobsReason(_message.Message):
    __slots__ = ("reason", "count")
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    count: int
    def __init__(self, reason: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class OwnerEmbeddingQueue(_message.Message):
    __slots__ = ("owner_id", "size", "dead", "oldest_age", "dead_reasons")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    OLDEST_AGE_FIELD_NUMBER: _ClassVar[int]
    DEAD_REASONS_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    size: int
    dead: int
    oldest_age: _duration_pb2.Duration
    dead_reasons: _containers.RepeatedCompositeFieldContainer[DeadJobsReason]
    def __init__(self, owner_id: _Optional[str] = ..., size: _Optional[int] = ..., dead: _Optional[int] = ..., oldest_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., dead_reasons: _Optional[_Iterable[_Union[DeadJobsReason, _Mapping]]] = ...) -> None: ...

class RetryDeadJobsRequest(_message.Message):
    __slots__ = ("owner_id", "model_id")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    model_id: str
    def __init__(self, owner_id: _Optional[str] = ..., model_id: _Optional[str] = ...) -> None: ...

class RetryDeadJobsResponse(_message.Message):
    __slots__ = ("retried",)
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    retried: int
    def __init__(self, retried: _Optional[int] = ...) -> None: ...

class PurgeDeadJobsRequest(_message.Message):
    __slots__ = ("owner_id", "model_id")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    model_id: str
    def __init__(self, owner_id: _Optional[str] = ..., model_id: _Optional[str] = ...) -> None: ...

class PurgeDeadJobsResponse(_message.Message):
    __slots__ = ("purged",)
    PURGED_FIELD_NUMBER: _ClassVar[int]
    purged: int
    def __init__(self, purged: _Optional[int] = ...) -> None: ...

class ExplainSearchRequest(_message.Message):
    __slots__ = ("search",)
    SEARCH_FIELD_NUMBER: _ClassVar[int]
    search: _search_service_pb2.SearchRequest
    def __init__(self, search: _Optional[_Union[_search_service_pb2.SearchRequest, _Mapping]] = ...) -> None: ...

class ExplainSearchResponse(_message.Message):
    __slots__ = ("response", "statements")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    response: _search_service_pb2.SearchResponse
    statements: _containers.RepeatedCompositeFieldContainer[ExplainedStatement]
    def __init__(self, response: _Optional[_Union[_search_service_pb2.SearchResponse, _Mapping]] = ..., statements: _Optional[_Iterable[_Union[ExplainedStatement, _Mapping]]] = ...) -> None: ...

class ExplainedStatement(_message.Message):
    __slots__ = ("name", "sql", "plan", "duration")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SQL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    name: str
    sql: str
    plan: str
    duration: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., sql: _Optional[str] = ..., plan: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RebuildVectorIndexRequest(_message.Message):
    __slots__ = ("profile",)
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    profile: IndexProfile
    def __init__(self, profile: _Optional[_Union[IndexProfile, str]] = ...) -> None: ...

class RebuildVectorIndexResponse(_message.Message):
    __slots__ = ("phase", "partitions_done", "partitions_total", "fraction")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_DONE_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    phase: str
    partitions_done: int
    partitions_total: int
    fraction: float
    def __init__(self, phase: _Optional[str] = ..., partitions_done: _Optional[int] = ..., partitions_total: _Optional[int] = ..., fraction: _Optional[float] = ...) -> None: ...

class ListEmbeddingModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListEmbeddingModelsResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[_embedding_model_pb2.EmbeddingModel]
    def __init__(self, models: _Optional[_Iterable[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]]] = ...) -> None: ...

class StartModelMigrationRequest(_message.Message):
    __slots__ = ("provider", "name", "dimension", "base_url", "document_prefix", "query_prefix", "input_tokens_max")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    BASE_URL_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_PREFIX_FIELD_NUMBER: _ClassVar[int]
    QUERY_PREFIX_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_MAX_FIELD_NUMBER: _ClassVar[int]
    provider: _embedding_model_pb2.EmbeddingProvider
    name: str
    dimension: int
    base_url: str
    document_prefix: str
    query_prefix: str
    input_tokens_max: int
    def __init__(self, provider: _Optional[_Union[_embedding_model_pb2.EmbeddingProvider, str]] = ..., name: _Optional[str] = ..., dimension: _Optional[int] = ..., base_url: _Optional[str] = ..., document_prefix: _Optional[str] = ..., query_prefix: _Optional[str] = ..., input_tokens_max: _Optional[int] = ...) -> None: ...

class StartModelMigrationResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _embedding_model_pb2.EmbeddingModel
    def __init__(self, model: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ...) -> None: ...

class WatchModelMigrationRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class WatchModelMigrationResponse(_message.Message):
    __slots__ = ("model", "chunks_per_second", "time_left")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TIME_LEFT_FIELD_NUMBER: _ClassVar[int]
    model: _embedding_model_pb2.EmbeddingModel
    chunks_per_second: float
    time_left: _duration_pb2.Duration
    def __init__(self, model: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ..., chunks_per_second: _Optional[float] = ..., time_left: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CompareModelsRequest(_message.Message):
    __slots__ = ("model_id", "query_count")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_COUNT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    query_count: int
    def __init__(self, model_id: _Optional[str] = ..., query_count: _Optional[int] = ...) -> None: ...

class CompareModelsResponse(_message.Message):
    __slots__ = ("comparison",)
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    comparison: _embedding_model_pb2.ModelComparison
    def __init__(self, comparison: _Optional[_Union[_embedding_model_pb2.ModelComparison, _Mapping]] = ...) -> None: ...

class ActivateModelRequest(_message.Message):
    __slots__ = ("model_id", "force")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    force: bool
    def __init__(self, model_id: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class ActivateModelResponse(_message.Message):
    __slots__ = ("active", "retired")
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    active: _embedding_model_pb2.EmbeddingModel
    retired: _embedding_model_pb2.EmbeddingModel
    def __init__(self, active: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ..., retired: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ...) -> None: ...

class RollBackModelRequest(_message.Message):
    __slots__ = ("model_id", "force")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    force: bool
    def __init__(self, model_id: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class RollBackModelResponse(_message.Message):
    __slots__ = ("active", "retired")
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    RETIRED_FIELD_NUMBER: _ClassVar[int]
    active: _embedding_model_pb2.EmbeddingModel
    retired: _embedding_model_pb2.EmbeddingModel
    def __init__(self, active: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ..., retired: _Optional[_Union[_embedding_model_pb2.EmbeddingModel, _Mapping]] = ...) -> None: ...

class DropModelRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class DropModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CaptureProfileRequest(_message.Message):
    __slots__ = ("kind", "duration")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    kind: ProfileKind
    duration: _duration_pb2.Duration
    def __init__(self, kind: _Optional[_Union[ProfileKind, str]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CaptureProfileResponse(_message.Message):
    __slots__ = ("progress", "content")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    progress: ProfileProgress
    content: bytes
    def __init__(self, progress: _Optional[_Union[ProfileProgress, _Mapping]] = ..., content: _Optional[bytes] = ...) -> None: ...

class ProfileProgress(_message.Message):
    __slots__ = ("elapsed", "duration")
    ELAPSED_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    elapsed: _duration_pb2.Duration
    duration: _duration_pb2.Duration
    def __init__(self, elapsed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
