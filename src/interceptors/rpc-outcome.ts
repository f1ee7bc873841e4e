import {
  Code,
  ConnectError,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";

export type AnyRequest = UnaryRequest | StreamRequest;
export type AnyResponse = UnaryResponse | StreamResponse;
export type Next = (request: AnyRequest) => Promise<AnyResponse>;

export interface RpcObserver {
  /** Once, when the RPC has ended: with what it failed with, or undefined. Throwing from here replaces the error. */
  readonly ended: (error: unknown) => void;
  readonly received?: () => void;
  readonly sent?: () => void;
}

/**
 * Runs an RPC and tells an observer how it ended. A stream has not ended when its handler returns: it may still fail at any
 * message, so its end is the end of its replies.
 */
export async function observeRpc(request: AnyRequest, next: Next, observer: RpcObserver): Promise<AnyResponse> {
  let response: AnyResponse;
  try {
    if (!request.stream) observer.received?.();
    response = await next(
      request.stream && observer.received ? { ...request, message: tap(request.message, observer.received) } : request,
    );
  } catch (error) {
    observer.ended(error);
    throw error;
  }
  if (!response.stream) {
    observer.sent?.();
    observer.ended(undefined);
    return response;
  }
  return { ...response, message: untilEnd(response.message, observer) };
}

/** `OK`, or the code's name as gRPC spells it in labels: `InvalidArgument`. */
export function codeName(error: unknown): string {
  return error === undefined ? "OK" : Code[ConnectError.from(error).code];
}

async function* tap<T>(messages: AsyncIterable<T>, passed: () => void): AsyncIterable<T> {
  for await (const message of messages) {
    passed();
    yield message;
  }
}

async function* untilEnd<T>(messages: AsyncIterable<T>, observer: RpcObserver): AsyncIterable<T> {
  let outcome: unknown = new ConnectError("the stream was closed before its end", Code.Canceled);
  let failed = false;
  try {
    for await (const message of messages) {
      observer.sent?.();
      yield message;
    }
    outcome = undefined;
  } catch (error) {
    failed = true;
    observer.ended(error);
    throw error;
  } finally {
    if (!failed) observer.ended(outcome);
  }
}
