import { systemClock } from "../core/clock.ts";
import type { Printer } from "./print.ts";

/** One system call for many requests. */
const COLLECT_MS = 100;
const MAX_LINES = 1_000;

/** Writes lines to stderr, many at once. */
export class LineCollector {
  readonly #print: Printer;
  #lines: string[] = [];
  #cancel: (() => void) | undefined;

  constructor(print: Printer) {
    this.#print = print;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length >= MAX_LINES) this.flush();
    else this.#cancel ??= systemClock.schedule(() => this.flush(), COLLECT_MS);
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("\n");
    this.#lines = [];
    this.#print.note(text);
  }
}
