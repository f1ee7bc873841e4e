import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { InvalidInputError } from "../domain/errors.ts";
import { findViolations } from "./find-violations.ts";

/** Refuses messages that break a rule of the contract, with all that is wrong; of a stream, each message as it comes. */
export const validationInterceptor: Interceptor = (next) => async (request) => {
  const schema: DescMessage = request.method.input;
  if (request.stream) return await next({ ...request, message: checkEach(schema, request.message) });
  check(schema, request.message);
  return await next(request);
};

async function* checkEach<T extends Message>(schema: DescMessage, messages: AsyncIterable<T>): AsyncIterable<T> {
  for await (const message of messages) {
    check(schema, message);
    yield message;
  }
}

function check(schema: DescMessage, message: Message): void {
  const violations = findViolations(schema, message);
  if (violations.length > 0) throw new InvalidInputError(violations);
}
