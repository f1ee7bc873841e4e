import { durationMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type AdminService, type CaptureProfileRequest, ProfileKind } from "#gen/llmemory/v1/admin_service_pb.js";
import { ProfileCapture, type ProfileRequest } from "../admin/capture-profile.ts";
import { DependencyUnavailableError, InvalidInputError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { requestContextOf } from "../interceptors/request-context.ts";
import { encodeDuration } from "./encode-duration.ts";

/**
 * The part of AdminService that profiles the thread it runs in.
 *
 * @param drain aborts when the service begins to stop.
 */
export function createProfileRpcs(drain: AbortSignal): Pick<ServiceImpl<typeof AdminService>, "captureProfile"> {
  const profiles = new ProfileCapture();
  return {
    async *captureProfile(message, context) {
      const { signal } = requestContextOf(context.values);
      const request = decodeProfile(message);
      const duration = request.kind === "heap" ? undefined : encodeDuration(request.durationMs);
      try {
        for await (const event of profiles.capture(request, AbortSignal.any([signal, drain]))) {
          if ("content" in event) yield { event: { case: "content" as const, value: event.content } };
          else {
            const progress = { elapsed: encodeDuration(event.elapsedMs), ...(duration && { duration }) };
            yield { event: { case: "progress" as const, value: progress } };
          }
        }
      } catch (error) {
        if (drain.aborted && !signal.aborted)
          throw new DependencyUnavailableError("service", "the service is stopping; capture again", { cause: error });
        throw error;
      }
    },
  };
}

function decodeProfile({ kind, duration }: CaptureProfileRequest): ProfileRequest {
  if (kind !== ProfileKind.HEAP) {
    const lasting = duration === undefined ? limits.profileMsDefault : durationMs(duration);
    return { kind: kind === ProfileKind.CPU ? "cpu" : "allocations", durationMs: lasting };
  }
  if (duration === undefined) return { kind: "heap" };
  const description = "a heap snapshot is of one moment; leave it out";
  throw new InvalidInputError([{ field: "duration", description, rule: "duration.of_heap" }]);
}
