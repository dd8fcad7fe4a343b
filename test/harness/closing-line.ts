import { inspect, stripVTControlCharacters } from "node:util";
import type { Reporter, TestModule } from "vitest/node";

const MESSAGE_LINES = 12;

interface Options {
  /** A skipped test is a failure. */
  readonly skipFails?: boolean;
  /** Files whose tests were counted by another run; only their failures count here. */
  readonly isRepeated?: (file: string) => boolean;
}

function indented(message: string): string {
  return stripVTControlCharacters(message).split("\n").slice(0, MESSAGE_LINES).join("\n      ");
}

/** Prints the failed tests with the first lines of their messages, then `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  readonly #skipFails: boolean;

  readonly #isRepeated: (file: string) => boolean;

  constructor({ skipFails = false, isRepeated = () => false }: Options = {}) {
    this.#skipFails = skipFails;
    this.#isRepeated = isRepeated;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    const failed = errors.map((error) => indented(inspect(error)));
    let repeated = 0;
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const { message } of module.errors()) failed.push(`${module.relativeModuleId}: ${indented(message)}`);
      for (const test of module.children.allTests()) {
        const { state, errors: thrown } = test.result();
        if (state === "skipped" && "ranBefore" in test.meta()) continue;
        if (state === "passed" && this.#isRepeated(module.moduleId)) {
          repeated += 1;
          continue;
        }
        count[state] += 1;
        if (state === "skipped") skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
        if (state === "failed")
          failed.push(
            `${module.relativeModuleId}: ${test.fullName}\n      ${indented(thrown?.at(-1)?.message ?? "no error")}`,
          );
      }
    }
    if (skipped.length > 0) console.log(`\nSkipped:\n  ${skipped.join("\n  ")}`);
    if (skipped.length > 0 && this.#skipFails) {
      console.log("A skipped test fails this run: install what it needs, or set MODELWRIGHT_FIXTURES=none.");
      process.exitCode = 1;
    }
    if (repeated > 0)
      console.log(
        `\n${repeated} tests of npm test passed again, with other random values or a check of their requests`,
      );
    if (failed.length > 0) console.log(`\nFailed:\n  ${failed.join("\n  ")}`);
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}
