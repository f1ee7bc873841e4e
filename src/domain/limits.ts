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
  filterValuesMax: 1_000,
  metadataExpressionDepthMax: 5,
  metadataExpressionConditionsMax: 50,
  /** A query is parsed once per language of the owner's chunks, so that stemming matches; more languages than this are ignored. */
  queryLanguagesMax: 8,

  pageSizeDefault: 50,
  pageSizeMax: 500,
  batchDocumentsMax: 500,
  queueOwnersListedMax: 100,

  requestBytesMax: 16 * MiB,
  /** What grpc-go, grpcio and grpc-js accept without settings is 4 MiB; the rest is room for headers of the message. */
  replyBytesMax: 4 * MiB - 64 * KiB,

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
