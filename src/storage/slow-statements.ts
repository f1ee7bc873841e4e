import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";

export interface SlowStatementOptions {
  readonly slowQueryMs: number;
  /** false: slow statements are only counted. */
  readonly logSlowQueries?: boolean | undefined;
}

/** A statement that has run. */
interface RunStatement {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
}

/** The lines of a statement's plan; undefined: there is no connection to spare. */
export type ReadPlan = (text: string) => Promise<readonly string[] | undefined>;

/** Statements that have a plan. */
const planned = /^\s*(select|with|insert|update|delete)\b/;

/** Counts and logs statements that take too long: by name, with the shapes of their parameters and, now and then, their plan. */
export class SlowStatements {
  readonly #deps: { metrics: Pick<Metrics, "dbSlowQueries">; logger: Logger };
  readonly #options: SlowStatementOptions;
  readonly #readPlan: ReadPlan;
  /** When a plan was logged last, by the statement's name. Names are in the source, so there are not many. */
  readonly #plannedAt = new Map<string, number>();
  #isPlanning = false;

  constructor(
    deps: { metrics: Pick<Metrics, "dbSlowQueries">; logger: Logger },
    options: SlowStatementOptions,
    readPlan: ReadPlan,
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#readPlan = readPlan;
  }

  /** To be called for every statement, when it has ended. */
  observe(statement: RunStatement, elapsedMs: number): void {
    if (elapsedMs < this.#options.slowQueryMs) return;
    const { name, values = [] } = statement;
    this.#deps.metrics.dbSlowQueries.inc({ query_type: name });
    if (this.#options.logSlowQueries === false) return;
    const parameters = values.slice(0, limits.loggedParametersMax).map(parameterShape);
    this.#deps.logger.warn({ statement: name, elapsedMs: Math.round(elapsedMs), parameters }, "slow database statement");
    void this.#logPlan(statement);
  }

  /** Never throws: a plan is worth no failure. */
  async #logPlan({ name, text }: RunStatement): Promise<void> {
    const now = performance.now();
    const isRecent = now - (this.#plannedAt.get(name) ?? Number.NEGATIVE_INFINITY) < limits.slowPlanIntervalMs;
    if (this.#isPlanning || isRecent || !planned.test(text)) return;
    this.#isPlanning = true;
    try {
      const plan = await this.#readPlan(text);
      if (!plan) return;
      this.#plannedAt.set(name, now);
      this.#deps.logger.warn(
        { statement: name, plan: plan.slice(0, limits.loggedPlanLinesMax) },
        "plan of a slow database statement",
      );
    } catch (error) {
      this.#deps.logger.debug({ statement: name, error: String(error) }, "the plan of a slow database statement cannot be read");
    } finally {
      this.#isPlanning = false;
    }
  }
}

/** What a parameter is and how large, never its value: `text(12)`, `bytes(1536)`, `list(20)`, `number`, `null`. */
export function parameterShape(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return `text(${value.length})`;
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`;
  if (Array.isArray(value)) return `list(${value.length})`;
  if (value instanceof Date) return "time";
  return typeof value;
}
