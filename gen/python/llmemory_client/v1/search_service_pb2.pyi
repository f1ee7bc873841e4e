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

class QueryExpansion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUERY_EXPANSION_UNSPECIFIED: _ClassVar[QueryExpansion]
    QUERY_EXPANSION_NONE: _ClassVar[QueryExpansion]
    QUERY_EXPANSION_HEURISTIC: _ClassVar[QueryExpansion]
    QUERY_EXPANSION_MODEL: _ClassVar[QueryExpansion]

class Rerank(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RERANK_UNSPECIFIED: _ClassVar[Rerank]
    RERANK_NONE: _ClassVar[Rerank]
    RERANK_LEXICAL: _ClassVar[Rerank]
    RERANK_MODEL: _ClassVar[Rerank]
    RERANK_CROSS_ENCODER: _ClassVar[Rerank]

class Route(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUTE_UNSPECIFIED: _ClassVar[Route]
    ROUTE_RETRIEVAL: _ClassVar[Route]
    ROUTE_WEB_SEARCH: _ClassVar[Route]
    ROUTE_CLARIFICATION: _ClassVar[Route]
    ROUTE_UNANSWERABLE: _ClassVar[Route]

class ContextRelation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTEXT_RELATION_UNSPECIFIED: _ClassVar[ContextRelation]
    CONTEXT_RELATION_PARENT: _ClassVar[ContextRelation]
    CONTEXT_RELATION_NEIGHBOR: _ClassVar[ContextRelation]

class Plan(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLAN_UNSPECIFIED: _ClassVar[Plan]
    PLAN_EXACT: _ClassVar[Plan]
    PLAN_TEXT_ONLY: _ClassVar[Plan]
    PLAN_APPROXIMATE: _ClassVar[Plan]

class ShortfallReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHORTFALL_REASON_UNSPECIFIED: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_FEWER_MATCH: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_REPLY_SIZE: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_MIN_SCORE: _ClassVar[ShortfallReason]
    SHORTFALL_REASON_DEADLINE: _ClassVar[ShortfallReason]

class Degradation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEGRADATION_UNSPECIFIED: _ClassVar[Degradation]
    DEGRADATION_EMBEDDER_UNAVAILABLE: _ClassVar[Degradation]
    DEGRADATION_EMBEDDINGS_PENDING: _ClassVar[Degradation]
    DEGRADATION_EXPANSION_UNAVAILABLE: _ClassVar[Degradation]
    DEGRADATION_RERANKER_UNAVAILABLE: _ClassVar[Degradation]
    DEGRADATION_ROUTING_UNAVAILABLE: _ClassVar[Degradation]
SEARCH_TYPE_UNSPECIFIED: SearchType
SEARCH_TYPE_HYBRID: SearchType
SEARCH_TYPE_VECTOR: SearchType
SEARCH_TYPE_TEXT: SearchType
FUSION_UNSPECIFIED: Fusion
FUSION_RELATIVE_SCORE: Fusion
FUSION_RRF: Fusion
QUERY_EXPANSION_UNSPECIFIED: QueryExpansion
QUERY_EXPANSION_NONE: QueryExpansion
QUERY_EXPANSION_HEURISTIC: QueryExpansion
QUERY_EXPANSION_MODEL: QueryExpansion
RERANK_UNSPECIFIED: Rerank
RERANK_NONE: Rerank
RERANK_LEXICAL: Rerank
RERANK_MODEL: Rerank
RERANK_CROSS_ENCODER: Rerank
ROUTE_UNSPECIFIED: Route
ROUTE_RETRIEVAL: Route
ROUTE_WEB_SEARCH: Route
ROUTE_CLARIFICATION: Route
ROUTE_UNANSWERABLE: Route
CONTEXT_RELATION_UNSPECIFIED: ContextRelation
CONTEXT_RELATION_PARENT: ContextRelation
CONTEXT_RELATION_NEIGHBOR: ContextRelation
PLAN_UNSPECIFIED: Plan
PLAN_EXACT: Plan
PLAN_TEXT_ONLY: Plan
PLAN_APPROXIMATE: Plan
SHORTFALL_REASON_UNSPECIFIED: ShortfallReason
SHORTFALL_REASON_FEWER_MATCH: ShortfallReason
SHORTFALL_REASON_REPLY_SIZE: ShortfallReason
SHORTFALL_REASON_MIN_SCORE: ShortfallReason
SHORTFALL_REASON_DEADLINE: ShortfallReason
DEGRADATION_UNSPECIFIED: Degradation
DEGRADATION_EMBEDDER_UNAVAILABLE: Degradation
DEGRADATION_EMBEDDINGS_PENDING: Degradation
DEGRADATION_EXPANSION_UNAVAILABLE: Degradation
DEGRADATION_RERANKER_UNAVAILABLE: Degradation
DEGRADATION_ROUTING_UNAVAILABLE: Degradation

class Recency(_message.Message):
    __slots__ = ("half_life", "weight")
    HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    half_life: _duration_pb2.Duration
    weight: float
    def __init__(self, half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., weight: _Optional[float] = ...) -> None: ...

class Routing(_message.Message):
    __slots__ = ("threshold",)
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    threshold: float
    def __init__(self, threshold: _Optional[float] = ...) -> None: ...

class SearchRequest(_message.Message):
    __slots__ = ("owner_id", "query_text", "search_type", "limit", "alpha", "fusion", "filter", "language", "text_window", "speaker_boost", "min_score", "include_parent_context", "context_window", "mmr_lambda", "recency", "query_expansion", "max_query_variants", "rerank", "rerank_top_k", "routing", "relevance_feedback")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    QUERY_TEXT_FIELD_NUMBER: _ClassVar[int]
    SEARCH_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    FUSION_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_BOOST_FIELD_NUMBER: _ClassVar[int]
    MIN_SCORE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_PARENT_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MMR_LAMBDA_FIELD_NUMBER: _ClassVar[int]
    RECENCY_FIELD_NUMBER: _ClassVar[int]
    QUERY_EXPANSION_FIELD_NUMBER: _ClassVar[int]
    MAX_QUERY_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    RERANK_FIELD_NUMBER: _ClassVar[int]
    RERANK_TOP_K_FIELD_NUMBER: _ClassVar[int]
    ROUTING_FIELD_NUMBER: _ClassVar[int]
    RELEVANCE_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    query_text: str
    search_type: SearchType
    limit: int
    alpha: float
    fusion: Fusion
    filter: _document_pb2.Filter
    language: str
    text_window: int
    speaker_boost: float
    min_score: float
    include_parent_context: bool
    context_window: int
    mmr_lambda: float
    recency: Recency
    query_expansion: QueryExpansion
    max_query_variants: int
    rerank: Rerank
    rerank_top_k: int
    routing: Routing
    relevance_feedback: float
    def __init__(self, owner_id: _Optional[str] = ..., query_text: _Optional[str] = ..., search_type: _Optional[_Union[SearchType, str]] = ..., limit: _Optional[int] = ..., alpha: _Optional[float] = ..., fusion: _Optional[_Union[Fusion, str]] = ..., filter: _Optional[_Union[_document_pb2.Filter, _Mapping]] = ..., language: _Optional[str] = ..., text_window: _Optional[int] = ..., speaker_boost: _Optional[float] = ..., min_score: _Optional[float] = ..., include_parent_context: _Optional[bool] = ..., context_window: _Optional[int] = ..., mmr_lambda: _Optional[float] = ..., recency: _Optional[_Union[Recency, _Mapping]] = ..., query_expansion: _Optional[_Union[QueryExpansion, str]] = ..., max_query_variants: _Optional[int] = ..., rerank: _Optional[_Union[Rerank, str]] = ..., rerank_top_k: _Optional[int] = ..., routing: _Optional[_Union[Routing, _Mapping]] = ..., relevance_feedback: _Optional[float] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("search_id", "results", "receipt", "routing")
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ROUTING_FIELD_NUMBER: _ClassVar[int]
    search_id: str
    results: _containers.RepeatedCompositeFieldContainer[SearchResult]
    receipt: Receipt
    routing: RoutingDecision
    def __init__(self, search_id: _Optional[str] = ..., results: _Optional[_Iterable[_Union[SearchResult, _Mapping]]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., routing: _Optional[_Union[RoutingDecision, _Mapping]] = ...) -> None: ...

class RoutingDecision(_message.Message):
    __slots__ = ("route", "confidence", "reason")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    route: Route
    confidence: float
    reason: str
    def __init__(self, route: _Optional[_Union[Route, str]] = ..., confidence: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class SearchResult(_message.Message):
    __slots__ = ("chunk_id", "document_id", "id_at_origin", "document_name", "document_type", "document_metadata", "document_date", "chunk_metadata", "content", "chunk_index", "char_start", "char_end", "score", "similarity", "text_rank", "vector_position", "text_position", "rrf_score", "rerank_score", "context", "summary")
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
    RERANK_SCORE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
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
    rerank_score: float
    context: _containers.RepeatedCompositeFieldContainer[ContextChunk]
    summary: str
    def __init__(self, chunk_id: _Optional[str] = ..., document_id: _Optional[str] = ..., id_at_origin: _Optional[str] = ..., document_name: _Optional[str] = ..., document_type: _Optional[_Union[_document_pb2.DocumentType, str]] = ..., document_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., document_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., chunk_metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., content: _Optional[str] = ..., chunk_index: _Optional[int] = ..., char_start: _Optional[int] = ..., char_end: _Optional[int] = ..., score: _Optional[float] = ..., similarity: _Optional[float] = ..., text_rank: _Optional[float] = ..., vector_position: _Optional[int] = ..., text_position: _Optional[int] = ..., rrf_score: _Optional[float] = ..., rerank_score: _Optional[float] = ..., context: _Optional[_Iterable[_Union[ContextChunk, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class ContextChunk(_message.Message):
    __slots__ = ("relation", "chunk_id", "chunk_index", "content", "char_start", "char_end")
    RELATION_FIELD_NUMBER: _ClassVar[int]
    CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    CHUNK_INDEX_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CHAR_START_FIELD_NUMBER: _ClassVar[int]
    CHAR_END_FIELD_NUMBER: _ClassVar[int]
    relation: ContextRelation
    chunk_id: str
    chunk_index: int
    content: str
    char_start: int
    char_end: int
    def __init__(self, relation: _Optional[_Union[ContextRelation, str]] = ..., chunk_id: _Optional[str] = ..., chunk_index: _Optional[int] = ..., content: _Optional[str] = ..., char_start: _Optional[int] = ..., char_end: _Optional[int] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("plan", "model", "candidates_vector", "candidates_text", "owner_chunks", "truncated", "shortfall_reason", "degraded", "stage_times", "cache_hit", "query_variants")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_VECTOR_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_TEXT_FIELD_NUMBER: _ClassVar[int]
    OWNER_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_REASON_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    STAGE_TIMES_FIELD_NUMBER: _ClassVar[int]
    CACHE_HIT_FIELD_NUMBER: _ClassVar[int]
    QUERY_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    plan: Plan
    model: str
    candidates_vector: int
    candidates_text: int
    owner_chunks: int
    truncated: bool
    shortfall_reason: ShortfallReason
    degraded: _containers.RepeatedScalarFieldContainer[Degradation]
    stage_times: _containers.RepeatedCompositeFieldContainer[StageTime]
    cache_hit: bool
    query_variants: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, plan: _Optional[_Union[Plan, str]] = ..., model: _Optional[str] = ..., candidates_vector: _Optional[int] = ..., candidates_text: _Optional[int] = ..., owner_chunks: _Optional[int] = ..., truncated: _Optional[bool] = ..., shortfall_reason: _Optional[_Union[ShortfallReason, str]] = ..., degraded: _Optional[_Iterable[_Union[Degradation, str]]] = ..., stage_times: _Optional[_Iterable[_Union[StageTime, _Mapping]]] = ..., cache_hit: _Optional[bool] = ..., query_variants: _Optional[_Iterable[str]] = ...) -> None: ...

class StageTime(_message.Message):
    __slots__ = ("stage", "duration")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    stage: str
    duration: _duration_pb2.Duration
    def __init__(self, stage: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class BatchSearchRequest(_message.Message):
    __slots__ = ("searches",)
    SEARCHES_FIELD_NUMBER: _ClassVar[int]
    searches: _containers.RepeatedCompositeFieldContainer[SearchRequest]
    def __init__(self, searches: _Optional[_Iterable[_Union[SearchRequest, _Mapping]]] = ...) -> None: ...

class BatchSearchResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchSearchResult]
    def __init__(self, results: _Optional[_Iterable[_Union[BatchSearchResult, _Mapping]]] = ...) -> None: ...

class BatchSearchResult(_message.Message):
    __slots__ = ("response", "error")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    response: SearchResponse
    error: _status_pb2.Status
    def __init__(self, response: _Optional[_Union[SearchResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class RecordFeedbackRequest(_message.Message):
    __slots__ = ("owner_id", "search_id", "feedback")
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    SEARCH_ID_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    owner_id: str
    search_id: str
    feedback: _containers.RepeatedCompositeFieldContainer[Feedback]
    def __init__(self, owner_id: _Optional[str] = ..., search_id: _Optional[str] = ..., feedback: _Optional[_Iterable[_Union[Feedback, _Mapping]]] = ...) -> None: ...

class Feedback(_message.Message):
    __slots__ = ("chunk_id", "rating", "note")
    CHUNK_ID_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    chunk_id: str
    rating: float
    note: str
    def __init__(self, chunk_id: _Optional[str] = ..., rating: _Optional[float] = ..., note: _Optional[str] = ...) -> None: ...

class RecordFeedbackResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
