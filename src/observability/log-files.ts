import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../domain/clock.ts";

export interface LogFilesOptions {
  readonly directory: string;
  readonly fileBytesMax: number;
  /** Kept beside the one that is written. */
  readonly filesMax: number;
}

const fileName = /^llmemory-(\d{4}-\d\d-\d\d)-(\d+)\.log$/;

/**
 * Log files `llmemory-2026-11-23-1.log`: a new one each day of UTC, and when one is full; the oldest are deleted. Processes may share a
 * directory, since each line is one append. Lines are written before `write` returns, so that a crash loses none.
 */
export class LogFiles {
  readonly #options: LogFilesOptions;
  readonly #clock: Clock;
  #file: { readonly descriptor: number; readonly day: string; readonly number: number };
  #isFailing = false;

  /** @throws the file system's error if the directory cannot be written. */
  constructor(options: LogFilesOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    mkdirSync(options.directory, { recursive: true });
    const day = this.#today();
    this.#file = this.#open(day, Math.max(1, ...this.#existing().flatMap((file) => (file.day === day ? [file.number] : []))));
  }

  /** Writes a line, which ends with a line break. While that fails, as on a full disk, lines go to stderr; it never throws. */
  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      this.#rotate(bytes.length);
      writeSync(this.#file.descriptor, bytes);
      this.#isFailing = false;
    } catch (error) {
      const problem = `log files in ${this.#options.directory} cannot be written: ${String(error)}`;
      if (!this.#isFailing) this.#toStderr(`${JSON.stringify({ level: "error", time: this.#now(), msg: problem })}\n`);
      this.#isFailing = true;
      this.#toStderr(line);
    }
  }

  close(): void {
    closeSync(this.#file.descriptor);
  }

  #rotate(bytes: number): void {
    const day = this.#today();
    const { size } = fstatSync(this.#file.descriptor);
    const isFull = size > 0 && size + bytes > this.#options.fileBytesMax;
    if (day === this.#file.day && !isFull) return;
    const next = this.#open(day, day === this.#file.day ? this.#file.number + 1 : 1);
    closeSync(this.#file.descriptor);
    this.#file = next;
    const old = this.#existing().slice(0, -(this.#options.filesMax + 1));
    for (const { name } of old) {
      try {
        unlinkSync(join(this.#options.directory, name));
      } catch {
        // Another process has done so.
      }
    }
  }

  #open(day: string, number: number): { readonly descriptor: number; readonly day: string; readonly number: number } {
    return { descriptor: openSync(join(this.#options.directory, `llmemory-${day}-${number}.log`), "a", 0o640), day, number };
  }

  /** Oldest first. */
  #existing(): readonly { readonly name: string; readonly day: string; readonly number: number }[] {
    return readdirSync(this.#options.directory)
      .flatMap((name) => {
        const [, day, number] = fileName.exec(name) ?? [];
        return day === undefined ? [] : [{ name, day, number: Number(number) }];
      })
      .toSorted((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.number - b.number));
  }

  #toStderr(line: string): void {
    try {
      writeSync(2, line);
    } catch {
      // Nobody reads it.
    }
  }

  #today(): string {
    return this.#now().slice(0, 10);
  }

  #now(): string {
    return this.#clock.now().toISOString();
  }
}
