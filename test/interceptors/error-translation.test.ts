import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import * as errors from "../../src/domain/errors.ts";
import { toConnectError, toStatus } from "../../src/interceptors/error-translation.ts";
import { createInMemoryService } from "./in-memory-service.ts";

const requestId = "request-1";

interface Case {
  readonly error: errors.DomainError;
  readonly code: Code;
  readonly reason: string;
  /** Details beyond ErrorInfo, in plain form. */
  readonly details?: Partial<ReturnType<typeof detailsOf>>;
  readonly metadata?: Record<string, string>;
}

/** One case per class, by the class's name. */
const cases: Readonly<Record<string, Case>> = {
  InvalidInputError: {
    error: new errors.InvalidInputError([
      { field: "owner_id", rule: "string.min_len", description: "is empty" },
      { field: "documents[3].content", rule: "text.no_nul", description: "has a NUL character at position 7; remove it" },
    ]),
    code: Code.InvalidArgument,
    reason: "INVALID_INPUT",
    details: {
      violations: [
        { field: "owner_id", reason: "STRING_MIN_LEN", description: "is empty" },
        {
          field: "documents[3].content",
          reason: "TEXT_NO_NUL",
          description: "has a NUL character at position 7; remove it",
        },
      ],
    },
  },
  NotFoundError: {
    error: new errors.NotFoundError("document", "notes/1"),
    code: Code.NotFound,
    reason: "NOT_FOUND",
    details: { resources: [{ resourceType: "document", resourceName: "notes/1" }] },
  },
  PreconditionError: {
    error: new errors.PreconditionError("MODEL_BUILDING", "a model is being built", { details: { model: "m" } }),
    code: Code.FailedPrecondition,
    reason: "MODEL_BUILDING",
    metadata: { model: "m" },
  },
  ConflictError: {
    error: new errors.ConflictError("STREAM_FENCED", "another connection has taken the stream"),
    code: Code.Aborted,
    reason: "STREAM_FENCED",
  },
  LimitExceededError: {
    error: new errors.LimitExceededError("DATABASE_BUSY", "too many requests wait", 1_500),
    code: Code.ResourceExhausted,
    reason: "DATABASE_BUSY",
    details: { retryDelaysMs: [1_500] },
  },
  DependencyUnavailableError: {
    error: new errors.DependencyUnavailableError("database", "the database is not available", { retryAfterMs: 30_000 }),
    code: Code.Unavailable,
    reason: "DEPENDENCY_UNAVAILABLE",
    details: { retryDelaysMs: [30_000] },
    metadata: { dependency: "database" },
  },
  DeadlineExceededError: {
    error: new errors.DeadlineExceededError("the deadline has passed"),
    code: Code.DeadlineExceeded,
    reason: "DEADLINE_EXCEEDED",
  },
  CancelledError: {
    error: new errors.CancelledError("the request was cancelled"),
    code: Code.Canceled,
    reason: "CANCELLED",
  },
  PermissionDeniedError: {
    error: new errors.PermissionDeniedError("AddDocument needs the permission WRITE"),
    code: Code.PermissionDenied,
    reason: "PERMISSION_DENIED",
  },
};

/** They never reach a client: if one does, it is a bug. */
const startupOnly = ["StartupError"];

describe("the table of errors", () => {
  test("has a case for every class of domain error", () => {
    const classes = Object.entries(errors).flatMap(([name, value]) =>
      typeof value === "function" && value.prototype instanceof errors.DomainError ? [name] : [],
    );
    expect([...Object.keys(cases), ...startupOnly].toSorted()).toEqual(classes.toSorted());
  });

  test.each(Object.entries(cases))("%s has its code and details", (name, { error, code, reason, details, metadata }) => {
    expect(error.constructor.name).toBe(name);
    const translated = toConnectError(error, requestId);
    expect(Code[translated.code]).toBe(Code[code]);
    expect(translated.rawMessage).toBe(error.message);
    expect(detailsOf(translated)).toEqual({
      infos: [{ reason, domain: "llmemory", metadata: metadata ?? {} }],
      violations: [],
      resources: [],
      retryDelaysMs: [],
      requestIds: [],
      ...details,
    });
  });

  test("a limit that time does not lift says nothing of trying again", () => {
    const translated = toConnectError(new errors.LimitExceededError("REPLY_TOO_LARGE", "ask for less"), requestId);
    expect(translated.code).toBe(Code.ResourceExhausted);
    expect(detailsOf(translated).retryDelaysMs).toEqual([]);
  });

  test("reasons of violations are at most 63 of A-Z, 0-9 and _, as google.rpc asks", () => {
    const violation = { field: "f", rule: `get_document.${"long-".repeat(20)}`, description: "d" };
    const [found] = detailsOf(toConnectError(new errors.InvalidInputError([violation]), requestId)).violations;
    expect(found?.reason).toMatch(/^[A-Z][A-Z0-9_]{0,62}$/);
  });
});

describe("what is not in the table", () => {
  const secret = "password=hunter2";
  test.each([
    ["a bug", new TypeError(secret)],
    ["a failed start", new errors.StartupError(secret)],
    [
      "a domain error without an entry",
      new (class extends errors.DomainError {
        readonly reason = "NEW";
      })(secret),
    ],
    ["something that is no error", secret],
    ["nothing", undefined],
  ])("%s becomes INTERNAL with the request's id and nothing of its message", (_name, error) => {
    const translated = toConnectError(error, requestId);
    expect(translated.code).toBe(Code.Internal);
    expect(translated.message).toContain(requestId);
    const details = detailsOf(translated);
    expect(details.requestIds).toEqual([requestId]);
    expect(details.infos).toEqual([{ reason: "INTERNAL", domain: "llmemory", metadata: { request_id: requestId } }]);
    expect(JSON.stringify([translated.message, details])).not.toContain("hunter2");
  });

  test("an error of the framework stays as it is", () => {
    const error = new ConnectError("missing", Code.Unimplemented);
    expect(toConnectError(error, requestId)).toBe(error);
  });
});

describe("an error inside a reply", () => {
  test("has the code, message and details that the error of a call would have", () => {
    const status = toStatus(cases.InvalidInputError?.error, requestId);
    expect(status.code).toBe(Code.InvalidArgument);
    expect(status.message).toContain("owner_id: is empty");
    expect(status.details.map((detail) => detail.typeUrl)).toEqual([
      "type.googleapis.com/google.rpc.BadRequest",
      "type.googleapis.com/google.rpc.ErrorInfo",
    ]);
  });
});

describe("in the chain", () => {
  test("a thrown domain error reaches the client with its details, and no log says error", async () => {
    const { memory, logs } = createInMemoryService({
      getDocument: () => Promise.reject(new errors.NotFoundError("document", "notes/1")),
    });
    const error = ConnectError.from(
      await caught(memory.getDocument({ ownerId: "ada", key: { case: "idAtOrigin", value: "1" } })),
    );
    expect(error.code).toBe(Code.NotFound);
    expect(detailsOf(error).resources).toEqual([{ resourceType: "document", resourceName: "notes/1" }]);
    expect(logs.filter(({ level }) => level === 50)).toEqual([]);
  });

  test("a bug is logged with its stack under the id that the client gets", async () => {
    const { memory, logs } = createInMemoryService({ getDocument: () => Promise.reject(new TypeError("x is undefined")) });
    const call = memory.getDocument({ ownerId: "ada", key: { case: "idAtOrigin", value: "1" } });
    const error = ConnectError.from(await caught(call));
    expect(error.message).not.toContain("x is undefined");
    const [line] = logs.filter(({ level }) => level === 50);
    expect(line).toMatchObject({ request_id: detailsOf(error).requestIds[0], err: { message: "x is undefined" } });
    expect(JSON.stringify(line)).toContain("error-translation.test.ts");
  });
});

async function caught(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => expect.fail("the call should have failed"),
    (error: unknown) => error,
  );
}

/** The details of an error by kind, in plain form. */
function detailsOf(error: ConnectError) {
  return {
    infos: error
      .findDetails(ErrorInfoSchema)
      .map(({ reason, domain, metadata }) => ({ reason, domain, metadata: { ...metadata } })),
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) =>
        fieldViolations.map(({ field, reason, description }) => ({ field, reason, description })),
      ),
    resources: error.findDetails(ResourceInfoSchema).map(({ resourceType, resourceName }) => ({ resourceType, resourceName })),
    retryDelaysMs: error
      .findDetails(RetryInfoSchema)
      .map(({ retryDelay }) => Number(retryDelay?.seconds) * 1_000 + Number(retryDelay?.nanos) / 1e6),
    requestIds: error.findDetails(RequestInfoSchema).map((detail) => detail.requestId),
  };
}
