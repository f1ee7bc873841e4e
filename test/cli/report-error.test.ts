import { PassThrough, Readable } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { describeStatus, isTransient } from "../../src/cli/client/service-error.ts";
import { type CommandContext, UserError } from "../../src/cli/command-context.ts";
import { reportError } from "../../src/cli/report-error.ts";
import { StartupError } from "../../src/domain/errors.ts";

const violations = [
  { field: "owner_id", description: "must not be empty" },
  { field: "limit", description: "must be at most 100" },
];
const badRequest = { desc: BadRequestSchema, value: { fieldViolations: violations } };
const errorInfo = { desc: ErrorInfoSchema, value: { reason: "INVALID_INPUT" } };
const retryInfo = { desc: RetryInfoSchema, value: { retryDelay: { seconds: 2n, nanos: 500_000_000 } } };

/** Errors of the service carry its trailers; errors of the connection do not. */
function fromService(code: Code, details: ConstructorParameters<typeof ConnectError>[3] = []): ConnectError {
  return new ConnectError("it went wrong", code, { "grpc-status": String(code) }, details);
}

function report(error: unknown, options: { json?: boolean; signal?: AbortSignal } = {}): { exitCode: number; stderr: string } {
  const stderr = new PassThrough();
  const context: CommandContext = {
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    stderr,
    environment: {},
    signal: options.signal ?? new AbortController().signal,
    exitCode: 0,
  };
  reportError(error, context, { json: options.json === true, address: "127.0.0.1:50051" });
  return { exitCode: context.exitCode, stderr: String(stderr.read()) };
}

describe("reporting an error", () => {
  it("prints every violation, the reason and when to try again", () => {
    const { stderr } = report(fromService(Code.InvalidArgument, [badRequest, errorInfo, retryInfo]));
    expect(stderr).toBe(
      [
        "error: it went wrong",
        "  owner_id: must not be empty",
        "  limit: must be at most 100",
        "  INVALID_ARGUMENT, reason INVALID_INPUT",
        "  try again in 2.5 s",
        "",
      ].join("\n"),
    );
  });

  it("gives programs the same as JSON", () => {
    const { stderr } = report(fromService(Code.InvalidArgument, [badRequest, errorInfo, retryInfo]), { json: true });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "INVALID_ARGUMENT", message: "it went wrong", reason: "INVALID_INPUT", violations, retryAfterMs: 2_500 },
      exitCode: 2,
    });
  });

  it.each([
    ["INVALID_ARGUMENT", fromService(Code.InvalidArgument), 2],
    ["NOT_FOUND", fromService(Code.NotFound), 4],
    ["UNAVAILABLE", fromService(Code.Unavailable), 3],
    ["DEADLINE_EXCEEDED", fromService(Code.DeadlineExceeded), 3],
    ["INTERNAL of the service", fromService(Code.Internal), 1],
    ["a broken connection", new ConnectError("reset", Code.Aborted), 3],
    ["a missing service", new ConnectError("connect ECONNREFUSED", Code.Unavailable), 3],
    ["wrong usage", new UserError("no", 2), 2],
    ["a service that cannot start", new StartupError("the data directory is in use"), 1],
    ["a bug", new TypeError("x is undefined"), 1],
  ])("ends for %s as documented", (_name, error, exitCode) => {
    expect(report(error).exitCode).toBe(exitCode);
  });

  it("shows a stack for bugs alone", () => {
    expect(report(new TypeError("x is undefined")).stderr).toContain("report-error.test.ts");
    expect(report(new StartupError("the data directory is in use")).stderr).toBe("error: the data directory is in use\n");
  });

  it("ends with 130 after Ctrl-C, whatever was thrown", () => {
    expect(report(new ConnectError("canceled", Code.Canceled), { signal: AbortSignal.abort() }).exitCode).toBe(130);
  });
});

it.each([
  [fromService(Code.Unavailable), true],
  [fromService(Code.Aborted), false],
  [fromService(Code.Internal), false],
  [fromService(Code.ResourceExhausted), false],
  [fromService(Code.ResourceExhausted, [retryInfo]), true],
  [new ConnectError("reset", Code.Aborted), true],
  [new ConnectError("rst", Code.Canceled), true],
  [new ConnectError("no such method", Code.Unimplemented), false],
])("knows whether trying again helps: %s → %s", (error, expected) => {
  expect(isTransient(error)).toBe(expected);
});

it("describes an error inside a reply as it does a thrown one", () => {
  const details = [anyPack(BadRequestSchema, create(BadRequestSchema, badRequest.value))];
  expect(describeStatus(create(StatusSchema, { code: 3, message: "no", details }))).toEqual({
    code: "INVALID_ARGUMENT",
    message: "no",
    violations,
  });
});
