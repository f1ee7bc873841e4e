import type { AlertSeverity } from "../config/alert-settings.ts";
import type { Clock } from "../domain/clock.ts";
import { cutText } from "../domain/cut-text.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../domain/message-of.ts";
import type { Logger } from "../observability/logger.ts";
import type { AlertChannel, AlertCheck } from "./alert-channel.ts";
import type { Finding } from "./check-service.ts";

/** Which service incidents are about. */
export interface IncidentSource {
  readonly serviceName: string;
  /** As `host:port`. */
  readonly address: string;
  readonly severity: AlertSeverity;
}

/** The titles of llmemory's monitoring guide. */
const summaries: Readonly<Record<AlertCheck, string>> = {
  search_latency: "High search latency",
  embedding_queue: "Embedding queue critical",
  health_check: "Memory service health check failed",
};

/** What a channel has confirmed of a check. */
interface Told {
  readonly isWrong: boolean;
  readonly atMs: number;
}

/**
 * Keeps one channel up to date: it is told when something becomes wrong, or right again, and once more each hour while it stays wrong.
 *
 * What it was told is known only from its own confirmations. Where there is none, since this process has just begun, or since the answer to
 * an event was an error or got lost, it is told whatever is found next. So after a restart an incident that was left open is resolved, and
 * one that is still open is not opened twice: the deduplication key is the same.
 */
export class IncidentReporter {
  readonly #deps: { readonly channel: AlertChannel; readonly clock: Clock; readonly logger: Logger };
  readonly #source: IncidentSource;
  readonly #told = new Map<AlertCheck, Told>();

  constructor(deps: { readonly channel: AlertChannel; readonly clock: Clock; readonly logger: Logger }, source: IncidentSource) {
    this.#deps = deps;
    this.#source = source;
  }

  /** Tells what the channel does not know yet. Never rejects: what it does not take now is told after the next check. */
  async report(findings: readonly Finding[], signal: AbortSignal): Promise<void> {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(limits.alertDeliveryMs)]);
    for (const finding of findings) {
      if (inTime.aborted) return;
      if (!this.#knows(finding)) await this.#tell(finding, inTime);
    }
  }

  #knows({ check, isWrong }: Finding): boolean {
    const told = this.#told.get(check);
    if (told?.isWrong !== isWrong) return false;
    return !isWrong || this.#deps.clock.now().getTime() - told.atMs < limits.alertRepeatMs;
  }

  async #tell({ check, isWrong, details }: Finding, signal: AbortSignal): Promise<void> {
    const { channel, clock, logger } = this.#deps;
    const { serviceName, address, severity } = this.#source;
    const action = isWrong ? "trigger" : "resolve";
    const dedupKey = `${serviceName}/${check}`;
    const at = clock.now();
    const facts = { channel: channel.name, check, action, dedup_key: dedupKey };
    // Until it is confirmed nobody knows what the channel has taken.
    this.#told.delete(check);
    try {
      await channel.send(
        {
          action,
          check,
          dedupKey,
          summary: summaries[check],
          details: cutText(details, limits.alertDetailsCharsMax),
          severity,
          source: address,
          at,
        },
        signal,
      );
      this.#told.set(check, { isWrong, atMs: at.getTime() });
      logger.info(facts, isWrong ? "an incident was triggered" : "the check is good; an incident of it is resolved");
    } catch (error) {
      logger.error({ ...facts, error: messageOf(error) }, "an incident could not be told");
    }
  }
}
