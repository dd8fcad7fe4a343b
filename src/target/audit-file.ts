import { mkdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { AuditConfig, Config } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { APPEND, createPrivateFile, MODE, unwritable } from "./private-file.ts";

/** Longest time that a line stays in memory. */
const FLUSH_MS = 1_000;

/** The file of `[audit]`. Lines are collected and appended together; a failing disk never fails a call. */
export class AuditFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #lines: string[] = [];
  #offTimer: (() => void) | undefined;
  #written: Promise<void> = Promise.resolve();
  #isFailing = false;

  /** @throws ConfigError if the file cannot be written. */
  constructor({ file }: AuditConfig, config: Config, clock: Clock, logger: Logger) {
    this.#path = resolve(config.baseDir ?? "", file);
    this.#clock = clock;
    this.#logger = logger;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      createPrivateFile(this.#path);
    } catch (cause) {
      throw unwritable(config, "audit", `the audit file ${this.#path}`, cause);
    }
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#offTimer ??= this.#clock.schedule(() => void this.flush(), FLUSH_MS);
  }

  /** Resolves when every line so far is in the file, or was given up. */
  flush(): Promise<void> {
    this.#offTimer?.();
    this.#offTimer = undefined;
    const lines = this.#lines;
    this.#lines = [];
    if (lines.length > 0) this.#written = this.#written.then(() => this.#append(lines));
    return this.#written;
  }

  async #append(lines: readonly string[]): Promise<void> {
    try {
      // Opened each time, so that a rotated file is created again.
      const file = await open(this.#path, APPEND, MODE);
      try {
        await writeAll(file, Buffer.from(`${lines.join("\n")}\n`));
      } finally {
        await file.close();
      }
      this.#isFailing = false;
    } catch (error) {
      if (this.#isFailing) return;
      this.#isFailing = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error("audit lines not written", { file: this.#path, lines: lines.length, reason });
    }
  }
}

/** One write for all lines, so that those of several processes do not mix. */
async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Buffer): Promise<void> {
  for (let sent = 0; sent < bytes.length; ) sent += (await file.write(bytes, sent)).bytesWritten;
}
