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
   * A search keeps so many times the candidates of its profile (`hnsw.ef_search`). Of 50,000 sentences by the local model, 100 found 95.6 %
   * of the ten nearest in 2.8 ms, 200 97.8 % in 4.0, 300 99.1 % in 5.1 and 500 99.6 % in 7.3.
   */
  efSearchFactor: 3,
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

  /** Short texts that go to the chunker's thread in one message: what takes it about 20 ms. */
  chunkerMessageCharsMax: 64 * KiB,
  /** After a longer text the chunker's thread collects its garbage at once, which takes 30 ms; cutting so much takes ten times as long. */
  chunkerKeptCharsMax: MiB,
  /** A longer prefix would outweigh a short chunk in their common vector. */
  contextPrefixTokensMax: 64,
  /** About the 60 words of llmemory's summaries, which were a chunk's first. */
  summaryTokensMax: 80,
  /** Chunks of one call of the chat model that enriches them: some 400 tokens of an answer, about five seconds. */
  enrichmentBatchChunks: 4,
  /** Calls at once, of all adds together: the rest of `chatCallsMax` is for searches. */
  enrichmentCallsMax: 8,
  enrichmentPassageCharsMax: 4_000,
  enrichmentBeginningCharsMax: 3_000,
  /** Of what a chat model writes of a chunk: several times what it is asked for. */
  modelTextCharsMax: 1_000,
  /** A chat model that fails so often in a row is left alone for so long. */
  enrichmentFailuresMax: 3,
  enrichmentPauseMs: 30_000,

  streamWindowItems: 128,
  /** As large as one request may be. In memory a document takes several times its size while it is cut and written. */
  streamWindowBytes: 16 * MiB,
  /** Of all streams together; each has an equal share, and at least enough for a batch. */
  streamsBytesMax: 32 * MiB,
  streamsOpenMax: 500,
  /** How often a stream looks whether its window has changed. */
  streamWindowLookMs: 1_000,
  /** While the embedding queue is full a stream still stores an item so often: none waits for ever, even if nobody embeds. */
  streamTrickleMs: 1_000,
  /** A group commit ends at whichever of these comes first. */
  streamBatchItemsMax: 32,
  streamBatchBytesMax: 4 * MiB,
  /**
   * The same for a bulk load, whose client does not wait for single documents: each commit costs about as much as 20 documents, and much
   * larger groups would only take memory.
   */
  bulkWindowItems: 2_048,
  bulkBatchItemsMax: 512,
  bulkBatchBytesMax: 8 * MiB,
  /** After this long without a commit a bulk load counts as over, and its vectors go into the approximate index. */
  bulkPauseMs: 10 * 60 * 1_000,
  /** Documents of a stream are decoded for so long before whatever else waits has its turn. */
  decodingTurnMs: 2,
  /** A stream that waits looks again after this long, though it is woken when something happens. */
  streamIdleMs: 60_000,
  /** Failures that a client has not acknowledged are kept with the stream's position; beyond this the stream ends. */
  streamFailuresMax: 1_000,
  streamExpiryDays: 7,
  /** How often documents that have expired are erased; searches of their owners take a filter with them until then. */
  expirySweepMs: 60_000,
  /** Documents deleted by one transaction at most, and their leaves as long as there is more than one: its locks are short. */
  deleteBatchDocuments: 200,
  deleteBatchChunks: 1_000,
  idempotencyKeyCharsMax: 255,
  idempotencyKeyHours: 24,
  /** Positions of a stream that wait to be indexed; beyond this every other one is left out. */
  streamIndexedStepsMax: 1_024,
  /** How often a stream looks what is indexed: at most, and while other processes may be embedding, whose news do not come here. */
  streamIndexedLookMsMin: 20,
  streamIndexedPollMs: 250,
  deadChunksCountedMax: 10_000,

  /** Requests that wait for a connection at most: more would only wait past their deadlines. */
  databaseWaitersMax: 200,
  databaseConnectTimeoutMs: 10_000,
  /** No request may run longer than its deadline, so this only ends statements that nobody waits for any more. */
  statementTimeoutMs: 10 * 60 * 1_000,
  /** Plans that a connection keeps are made anew as often, which takes some 3 ms for all of them. */
  plansKeptMs: 5_000,
  transactionAttemptsMax: 4,
  /**
   * Text that goes with one statement, about: the driver copies parameters several times. The largest document takes three such statements,
   * and ten in all.
   */
  statementTextCharsMax: 4_000_000,
  /** So many new rows of one kind go by COPY where the database can: fewer are not worth a statement of their own. */
  copiedRowsMin: 256,
  /** How often a process that commits looks whether tables on a server have outgrown their statistics. */
  growthLookMs: 250,
  /** The embedded database is vacuumed after this many commits, and then after a share of those that were made by then. */
  embeddedVacuumCommitsMin: 50,
  embeddedVacuumCommitsShare: 0.2,
  embeddedVacuumCheckMs: 5_000,

  /**
   * Jobs claimed at once by a worker: the batch whose vectors are written in one transaction. It doubles as long as a batch is embedded in
   * less than a quarter of the longest time, and halves beyond that time, since whoever comes new waits for the batches under way.
   */
  embeddingBatchSizeMin: 16,
  embeddingBatchSizeMax: 128,
  embeddingBatchMs: 1_000,
  embeddingAttemptsMax: 8,
  /** A lease is extended three times as often while its jobs are worked on, so a worker that has died delays them by this at most. */
  embeddingLeaseSeconds: 60,
  /** An embedder that takes longer for a batch hangs: the local model takes 40 s for the longest texts on one thread. */
  embeddingCallMs: 5 * 60 * 1_000,
  /** What tells whether the embedder works is one short sentence. */
  embeddingTrialMs: 30_000,
  /** While the embedder does not work it is tried after 1 s, 2 s, 4 s … up to this, or later if it says so itself, but within five minutes. */
  embeddingPauseMaxMs: 30_000,
  embeddingBackoffFirstMs: 1_000,
  embeddingBackoffMaxMs: 5 * 60 * 1_000,
  embeddingPollMs: 1_000,
  /** Notices to other processes go out at most so often: each takes a lock that all commits with notices share. */
  noticeIntervalMs: 50,
  /** How long the connection for notices may be silent before it is asked whether it is still there. */
  noticeKeepAliveMs: 10_000,
  /** A connection for notices that breaks is opened again after 1 s, 2 s, 4 s … up to this. */
  noticeReconnectMaxMs: 30_000,
  /** Dead jobs that are tried again, or given up, by one statement. */
  deadJobsBatchSize: 5_000,
  /** Reasons of dead jobs that are told apart, of all owners and of each. */
  deadReasonsListedMax: 10,
  /** The length of the queue is counted so often; counting a long one takes longer, and then it rests twenty times as long. */
  embeddingQueueCountMs: 1_000,
  embeddingQueueCountTimeoutMs: 10_000,
  /** What an add that met a full queue is told to wait. */
  embeddingQueueRetryMsMin: 1_000,
  embeddingQueueRetryMsMax: 60_000,

  /** Texts that may be under way to an endpoint. Searches would rather degrade to text than wait longer; workers hold fewer documents. */
  endpointQueriesMax: 256,
  endpointDocumentsMax: 16_384,
  /** What a query waits for one answer of an endpoint, whatever documents may take, and before that for its turn. */
  endpointQueryTimeoutMs: 5_000,
  endpointQueryWaitMs: 2_000,
  /** Documents wait as long as the endpoint asks for, up to this; then their jobs are given up and come again later. */
  endpointPauseMaxMs: 30_000,
  /** An endpoint that asks for longer is asked again after this. */
  endpointRetryAfterMaxMs: 10 * 60 * 1_000,
  endpointQueryAttempts: 2,
  endpointDocumentAttempts: 3,
  endpointBackoffFirstMs: 500,
  endpointBackoffMaxMs: 8_000,
  /** Failures in a row after which an endpoint is left alone: two calls. With three of ten failing at random, one in 1,400 ends such a row. */
  endpointFailuresMax: 6,
  endpointRestMs: 10_000,
  /** An answer may have so many bytes for each component that was asked for, and so many beside: decimals take about 22, base64 6. */
  endpointComponentBytesMax: 32,
  endpointAnswerExtraBytesMax: 256 * KiB,

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
  /** Vectors of an owner that must wait before a partition's index is built anew instead: some 4 s of building, 15 s of putting in. */
  indexBuildRowsMin: 5_000,
  /** Rows marked by one statement before an index is built over them: about 100 ms. */
  indexMarkRows: 5_000,
  /** Memory for building an approximate index: about 150,000 vectors of 384 dimensions. A graph beyond it is built on disk, much slower. */
  indexBuildMemoryMiB: 256,
  /** A rebuild waits so long for one that was interrupted to let go. */
  indexLockWaitMs: 3_000,

  /** The active model, one being built and one to go back to: each more has every new chunk embedded once more. */
  embeddingModelsMax: 3,
  /** Chunks that were there before a model, looked at by one statement: some 20 ms. */
  modelQueueBatchSize: 1_000,
  /** Jobs of a model that is being built: enough that no worker waits, and a million chunks do not become a million rows at once. */
  modelQueueJobsMax: 4_000,
  modelQueueWaitMs: 500,
  /** How often a process looks at the registry of models; searches notice a switch by themselves. */
  modelPollMs: 5_000,
  modelWatchMs: 1_000,
  /** A stream that is quiet for longer might be cut by what lies between: proxies commonly give up after a minute. */
  modelKeepaliveMs: 15_000,
  /** Under writes the newest chunks are always still to be embedded; one that waits for longer keeps a model from becoming active. */
  modelLateMs: 10_000,
  /**
   * Creating or dropping a model's table waits for writers, and others queue behind it, so it gives up and tries again; not before a
   * second, after which PostgreSQL ends an automatic vacuum that is in the way.
   */
  modelLockWaitMs: 2_000,
  modelJobsDeletedAtOnce: 10_000,
  modelNameCharsMax: 200,
  modelBaseUrlCharsMax: 1_000,
  modelPrefixCharsMax: 200,
  comparisonQueriesDefault: 50,
  comparisonQueriesMax: 500,
  /** Of a chunk that stands in for a query; about thirty words. */
  comparisonQueryCharsMax: 200,
  /** A comparison ends with what it has by then, below the default deadline of a call. */
  comparisonMs: 20_000,

  /** Each call of a search's rerank counts. More would only wait for the endpoint's own limits. */
  chatCallsMax: 64,
  /** The longest that settings can allow a call. */
  chatCallMsMax: 10 * 60 * 1_000,
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
  /** An endpoint may cost money: one that has answered so recently is healthy, and one that has not is asked no more often. */
  endpointProbeIntervalMs: 30_000,
  drainMs: 10_000,
  /** Below the time of a drain, which a connection that never gets to speak HTTP/2 could hold up otherwise. */
  tlsHandshakeMs: 5_000,
  /** How often the files of a certificate, a few KB, are looked at again: those that Kubernetes mounts are themselves up to a minute late. */
  tlsFilesCheckMs: 10_000,
  /** What streams are told to wait before they open again: about a restart. */
  drainRetryAfterMs: 2_000,

  /** An answer that takes longer counts as none, unless the threshold for slow searches is above half of it: then twice the threshold. */
  alertProbeMs: 10_000,
  /** What a receiver of incidents may take for one request, and for everything that one check has to tell. */
  alertRequestMs: 10_000,
  alertDeliveryMs: 30_000,
  alertRequestAttempts: 4,
  alertBackoffFirstMs: 500,
  /** Nothing is read of the answer but its status. */
  alertAnswerBytesMax: 64 * KiB,
  /** PagerDuty takes 512 KB for an event. */
  alertDetailsCharsMax: 500,
  /** What is still wrong is told again after this: an incident closed by hand is opened again, an open one takes no notice. */
  alertRepeatMs: 60 * 60 * 1_000,

  /** One sample per interval: a profile of the longest time has 300,000 samples, some 4 MB. */
  profileMsMin: 1_000,
  profileMsDefault: 30_000,
  profileMsMax: 5 * 60 * 1_000,
  profileSampleIntervalUs: 1_000,
  /** One sample per so many allocated bytes: with half a gigabyte a second as many as of a CPU profile, twice. */
  profileAllocationBytes: 256 * KiB,
  profilePieceBytes: MiB,
  profileProgressMs: 1_000,

  /** Of each thread's heap: V8's default of 48 MB stays resident once a thread has loaded its data, and four threads do. */
  threadYoungGenerationMiB: 6,

  /** Of the log line of a slow statement. */
  loggedParametersMax: 50,
  loggedPlanLinesMax: 100,
  /** Between two plans of one slow statement in the log: a plan is about 2 KB, and rarely another one than before. */
  slowPlanIntervalMs: 600_000,

  /** Of a configuration file: far more than all settings take. */
  configFileCharsMax: 256 * KiB,

  /** Owners that get a metric label of their own; later ones share `_other`. */
  ownerLabelsMax: 100,
  /** The same in histograms: each has up to nine label sets for an owner, of 18 lines each. */
  ownerHistogramLabelsMax: 20,
  /** What a scrape writes without letting others have the thread: about 5 ms. */
  metricLinesAtOnce: 2_000,

  /** Spans that wait for the collector, about 1 KiB each; more are dropped. A search has about 15. */
  traceQueueSpansMax: 4_096,
  traceExportSpansMax: 512,
  traceExportDelayMs: 2_000,
  /** A collector that takes longer has lost the spans; a stop waits for it no longer. */
  traceExportTimeoutMs: 5_000,

  /** Of an audit of recall: the nearest chunks that are looked for. */
  recallAuditCount: 10,
  /** Audits of owners of one size whose mean is told. */
  recallAuditsKept: 20,
  /** Owners with more chunks are `huge`, smaller ones that the approximate index serves are `large`. */
  recallLargeChunksMax: 100_000,
  /** Comparing a million vectors takes about half of this. */
  recallAuditTimeoutMs: 2_000,
} as const;
