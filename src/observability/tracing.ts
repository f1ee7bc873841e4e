import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { DomainError } from "../domain/errors.ts";

/** Attributes hold ids, counts and names, never the content of documents or queries. */
export interface Stage {
  readonly name: string;
  readonly attributes?: Attributes;
  /** `CLIENT` for what another process does. Default: `INTERNAL`. */
  readonly kind?: SpanKind;
}

/**
 * Runs a part of a request as a span below the one that is active. Where no span is being recorded, as in background work or without
 * tracing, it only runs.
 *
 * @param work gets the span, to say what came of it.
 */
export async function traced<T>(stage: Stage, work: (span: Span | undefined) => Promise<T>): Promise<T> {
  const active = context.active();
  if (!trace.getSpan(active)?.isRecording()) return await work(undefined);
  return await runAs(tracer().startSpan(stage.name, stage, active), active, work);
}

/**
 * Runs background work as a trace of its own, linked to the requests that asked for it.
 *
 * @param traceparents of those requests, as `activeTraceparent` gave them; with none it only runs.
 */
export async function tracedFor<T>(
  traceparents: Iterable<string | undefined>,
  stage: Stage,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const links = linksTo(traceparents);
  if (links.length === 0) return await work(undefined);
  return await runAs(tracer().startSpan(stage.name, { ...stage, links, root: true }, ROOT_CONTEXT), ROOT_CONTEXT, work);
}

/** The active span for others to link to, as W3C's `traceparent`; undefined where none is being recorded. */
export function activeTraceparent(): string | undefined {
  const span = trace.getActiveSpan();
  if (!span?.isRecording()) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** What log lines tell of the request's trace. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const spanContext = trace.getActiveSpan()?.spanContext();
  if (!spanContext || !isSpanContextValid(spanContext)) return {};
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/** Headers that put what another service does into the active trace; none without tracing. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** What has failed, on a span. Only errors of the domain are known to hold no content in their message. */
export function recordFailure(span: Span, error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  const message = error instanceof DomainError ? error.message : undefined;
  const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at ")) : [];
  span.recordException({ name, ...(message !== undefined && { message }), stack: [name, ...frames].join("\n") });
  span.setAttribute("error.type", error instanceof DomainError ? error.reason : name);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

// Asked for each time: one that is kept belongs to the tracing that was on when it was first used.
function tracer() {
  return trace.getTracer("llmemory");
}

async function runAs<T>(span: Span, parent: Context, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    recordFailure(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function linksTo(traceparents: Iterable<string | undefined>): Link[] {
  return [...new Set(traceparents)].flatMap((traceparent) => {
    const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? "") ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return [];
    const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
    return isSpanContextValid(spanContext) ? [{ context: spanContext }] : [];
  });
}
