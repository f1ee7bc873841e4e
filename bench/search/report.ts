import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { repositoryDirectory } from "../../scripts/toolchains.ts";
import { describeMachine } from "../machine.ts";

/** Collects the figures of one section and writes them into `bench/results`. */
export class Report {
  readonly #subject: "search" | "ingest" | "monitoring";
  readonly #section: string;
  readonly #machine = describeMachine();
  readonly #conditions: string;
  readonly #parts: string[] = [];
  #rows: string[] = [];

  constructor(section: string, conditions: string, subject: "search" | "ingest" | "monitoring" = "search") {
    this.#subject = subject;
    this.#section = section;
    this.#conditions = conditions;
  }

  /** A figure that is to be reached. */
  bound(what: string, measured: string, bound: string, isReached: boolean): void {
    this.#row(what, measured, `${bound}: ${isReached ? "reached" : "**missed**"}`);
  }

  /** A figure for comparison. */
  figure(what: string, measured: string): void {
    this.#row(what, measured, "");
  }

  /** Text between tables. */
  text(text: string): void {
    this.#endTable();
    this.#parts.push(text);
  }

  async write(): Promise<void> {
    this.#endTable();
    const title = `${this.#subject.charAt(0).toUpperCase()}${this.#subject.slice(1)}`;
    const head = `# ${title} in figures: ${this.#section}\n\nMade by \`npm run bench:${this.#subject} -- ${this.#section}\`.`;
    const load = `- load after the run: ${loadavg()[0]?.toFixed(2)}; ended ${new Date().toISOString().slice(11, 16)} UTC`;
    const file = join(repositoryDirectory, `bench/results/${this.#subject}-${this.#section}.md`);
    await writeFile(file, `${[head, [this.#machine, this.#conditions, load].join("\n"), ...this.#parts].join("\n\n")}\n`);
  }

  #row(what: string, measured: string, bound: string): void {
    this.#rows.push(`| ${what} | ${measured} | ${bound} |`);
    process.stderr.write(`${what}: ${measured} ${bound}\n`);
  }

  #endTable(): void {
    if (this.#rows.length > 0) this.#parts.push(["| what | measured | bound |", "|---|---|---|", ...this.#rows].join("\n"));
    this.#rows = [];
  }
}
