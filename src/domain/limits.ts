/**
 * Every bound of the service, in one place. Units are last in the names; a limit without a reason given here comes from
 * llmemory 0.5.0, whose users rely on it.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Characters are Unicode code points throughout. */
export const limits = {
  ownerIdCharsMax: 255,
  /** Long enough for URLs and file paths, which are common keys. */
  idAtOriginCharsMax: 1_024,
  documentNameCharsMax: 500,
  contentCharsMax: 10_000_000,
  /** A document of the largest size still fits one request with its name and metadata. */
  contentBytesMax: 15 * MiB,
  metadataBytesMax: 64 * KiB,
  metadataDepthMax: 10,
  metadataKeyCharsMax: 100,
  queryCharsMax: 1_000,
  streamIdCharsMax: 255,

  searchLimitDefault: 10,
  searchLimitMax: 100,
  /** Candidates per side before fusion. Fusion quality was measured over each side's first hundred. */
  searchCandidates: 100,
  /** Measured on the LoCoMo development conversations: .617 nDCG@10, against .567 for chunks alone and .605 for three on each side. */
  textWindowDefault: 2,
  textWindowMax: 5,
  /** Measured there as well: .640 nDCG@10, against .617 without. */
  speakerBoostDefault: 0.25,
  relevanceFeedbackDefault: 0.5,
  contextWindowMax: 10,
  recencyWeightDefault: 0.3,
  queryVariantsDefault: 3,
  queryVariantsMax: 10,
  rerankTopKDefault: 50,
  rerankTopKMax: 200,
  routingThresholdDefault: 0.7,
  batchSearchesMax: 20,
  feedbackMax: 100,
  feedbackNoteCharsMax: 1_000,
  /** Texts and plans of all statements of an explained search; half of a reply stays for the answer. */
  explainedBytesMax: 2 * MiB,
  filterValuesMax: 1_000,
  metadataExpressionDepthMax: 5,
  metadataExpressionConditionsMax: 50,
  /** A query is parsed once per language of the owner's chunks, so that stemming matches; more languages than this are ignored. */
  queryLanguagesMax: 8,
  /** Words of a query that are looked up; a thousand characters can hold more. */
  queryTermsMax: 64,
  /** Chunks that a search reads one by one, words and vectors; of more, the word index tells which. */
  leavesReadMax: 2_000,
  /**
   * A search keeps so many times the candidates of its profile (`hnsw.ef_search`). Of 60,000 chunks, with 100 it found 88 % of the ten
   * nearest by hashed vectors in 4 ms, with 400 97 % in 13 ms; by vectors like the model's 85 % and with 500 99.5 %.
   */
  efSearchFactor: 5,
  /** Chunks of a large owner whose words are looked at in one search, before their neighbours: about 5 µs each. */
  wordMatchesMax: 1_000,
  /** Of one batch. */
  batchSearchesAtOnce: 4,
  /** What is kept of a search's time to load and send what was found by then. */
  deadlineReserveMs: 50,

  /** The latest searches of each owner that are kept when the owner's history is trimmed: hourly, and after so many searches. */
  searchHistoryRowsMax: 10_000,
  searchHistoryTrimInterval: 1_000,
  /** Owners whose histories wait to be trimmed; when they are more, all are trimmed. */
  searchHistoryOwnersMax: 10_000,
  /** A search is written with those that come within this time, one statement for all. */
  searchHistoryFlushMs: 1_000,
  searchHistoryBatchSize: 100,
  /** Searches that wait to be written: a hundred ids and a query each are about 10 KiB. Beyond this they are dropped and counted. */
  searchHistoryBufferMax: 1_000,
  /** What may take longer at a stop is given up. */
  searchHistoryStopMs: 5_000,

  pageSizeDefault: 50,
  pageSizeMax: 500,
  batchDocumentsMax: 500,
  queueOwnersListedMax: 100,

  requestBytesMax: 16 * MiB,
  /** What grpc-go, grpcio and grpc-js accept without settings is 4 MiB; the rest is room for headers of the message. */
  replyBytesMax: 4 * MiB - 64 * KiB,

  /** Smaller replies go out as they are: compressing the ten results of a search took a millisecond of both sides. */
  compressedReplyBytesMin: 64 * KiB,

  /** Errors travel in headers, of which grpcio takes 8 KiB by default. A message is at most three times as long there as in UTF-8. */
  errorMessageBytesMax: 512,
  /** Fields and descriptions of all violations of a request. Details take four thirds of their size as headers. */
  errorViolationsBytesMax: 3 * KiB,
  errorFieldBytesMax: 256,
  errorResourceBytesMax: 512,

  /** A content segment: small enough to read a range without loading the whole text. */
  contentSegmentBytesMax: 64 * KiB,

  chunkTokensMin: 16,
  chunkTokensMax: 2_000,
  /** Ten million characters make about 10,000 chunks of ordinary size; a chat of very short messages could make a million. */
  documentChunksMax: 100_000,
  /** A word without spaces, such as base64, counts few tokens; this keeps such a chunk bounded all the same. */
  chunkCharsPerTokenMax: 16,

  streamWindowItems: 128,
  streamWindowBytes: 32 * MiB,
  /** A group commit ends at whichever of these comes first. */
  streamBatchItemsMax: 32,
  streamBatchBytesMax: 4 * MiB,
  streamBatchAgeMs: 20,
  /** A stream that waits looks again after this long, though it is woken when something happens. */
  streamIdleMs: 60_000,
  /** Failures that a client has not acknowledged are kept with the stream's position; beyond this the stream ends. */
  streamFailuresMax: 1_000,
  streamExpiryDays: 7,

  /** Requests that wait for a connection at most: more would only wait past their deadlines. */
  databaseWaitersMax: 200,
  databaseConnectTimeoutMs: 10_000,
  /** No request may run longer than its deadline, so this only ends statements that nobody waits for any more. */
  statementTimeoutMs: 10 * 60 * 1_000,
  transactionAttemptsMax: 4,
  /** The embedded database is vacuumed after this many commits, and then after a share of those that were made by then. */
  embeddedVacuumCommitsMin: 50,
  embeddedVacuumCommitsShare: 0.2,
  embeddedVacuumCheckMs: 5_000,

  /** Jobs claimed at once by a worker: the batch whose vectors are written in one transaction. */
  embeddingBatchSize: 16,
  embeddingAttemptsMax: 8,
  embeddingLeaseSeconds: 60,
  embeddingBackoffFirstMs: 1_000,
  embeddingBackoffMaxMs: 5 * 60 * 1_000,
  embeddingPollMs: 1_000,

  /**
   * Owners with at most so many vector components, 10,000 chunks at 384 dimensions, are searched exactly. Of 100,000 chunks, comparing
   * the 9,000 of one owner took 5 to 10 ms, depending on how they lie; the approximate index took 20 ms for them, since its partition
   * holds a larger owner as well, and 5 ms for that owner's 60,000. Larger owners are in that index until they are half as large.
   */
  exactComponentsMax: 3_840_000,
  /** In WebAssembly putting a row into the approximate index takes 3 to 6 ms; comparing 10,000 takes 15 ms. */
  exactChunksMaxEmbedded: 10_000,
  /** Rows put into the approximate index by one statement, on a server and on the embedded database: 2 to 4 ms each, and 3 to 6 ms. */
  indexBatchRows: 100,
  indexBatchRowsEmbedded: 16,
  /** Owners whose rows wait to be put into the approximate index, or taken out; more are found by the next sweep. */
  indexOwnersMax: 1_000,
  indexSweepMs: 10 * 60 * 1_000,
  /** Memory for building an approximate index: about 150,000 vectors of 384 dimensions. A graph beyond it is built on disk, much slower. */
  indexBuildMemoryMiB: 256,
  /** A rebuild waits so long for one that was interrupted to let go. */
  indexLockWaitMs: 3_000,

  /** Each call of a search's rerank counts. More would only wait for the endpoint's own limits. */
  chatCallsMax: 64,
  /** The answers asked for are below 10 KiB, the thoughts of a reasoning model aside. */
  chatAnswerBytesMax: 256 * KiB,
  chatAnswerTokensMax: 4_096,
  modelPassageCharsMax: 400,
  modelDocumentNameCharsMax: 100,
  /** Models lose count in longer lists; 20 scores take about 240 tokens, some three seconds of an answer. */
  rerankBatchPassages: 20,
  rerankTimeoutMs: 8_000,
  /** Pairs that wait for the cross-encoder: five searches with the most candidates. */
  crossEncoderPairsMax: 1_000,
  /** A pair that always crashes the model must not turn into a loop of model loads. */
  crossEncoderRestartMs: 2_000,
  routingEvidenceMax: 5,
  routingReasonCharsMax: 300,

  unaryDeadlineDefaultMs: 30_000,
  /** The same for both listeners: a client's longer deadline is shortened to this. */
  unaryDeadlineMaxMs: 10 * 60 * 1_000,
  probeTimeoutMs: 1_500,
  probeIntervalMs: 5_000,
  /** The embedded database does one thing at a time: a probe that has to wait for it is answered by a statement that ended so recently. */
  embeddedBusyMs: 15_000,
  healthCacheMs: 30_000,
  drainMs: 10_000,
  /** What streams are told to wait before they open again: about a restart. */
  drainRetryAfterMs: 2_000,

  /** Of each thread's heap: V8's default of 48 MB stays resident once a thread has loaded its data, and four threads do. */
  threadYoungGenerationMiB: 6,

  /** Owners that get a metric label of their own; later ones share `_other`. */
  ownerLabelsMax: 100,
} as const;
