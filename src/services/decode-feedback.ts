import type { RecordFeedbackRequest } from "#gen/llmemory/v1/search_service_pb.js";

/** The domain's feedback of a request that has passed `findViolations`; ids as the service itself writes them, in lower case. */
export function decodeFeedback(request: RecordFeedbackRequest) {
  return {
    ownerId: request.ownerId,
    searchId: request.searchId.toLowerCase(),
    feedback: request.feedback.map(({ chunkId, rating, note }) => ({
      chunkId: chunkId.toLowerCase(),
      rating: rating ?? 0,
      note,
    })),
  };
}
