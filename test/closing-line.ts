import type { Reporter, TestModule } from "vitest/node";

/** Prints `N passed, N failed, N skipped`; with `skipFails` a skipped test is a failure. */
export default class ClosingLine implements Reporter {
  readonly #skipFails: boolean;

  constructor({ skipFails = false }: { readonly skipFails?: boolean } = {}) {
    this.#skipFails = skipFails;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === "skipped") skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    }
    if (skipped.length > 0) console.log(`\nSkipped:\n  ${skipped.join("\n  ")}`);
    if (skipped.length > 0 && this.#skipFails) {
      console.log("A skipped test fails this run: install what it needs, or set MODELWRIGHT_FIXTURES=none.");
      process.exitCode = 1;
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}
