import type { Reporter, TestModule } from "vitest/node";
import { hasFixtures } from "./fixtures.ts";

/** Prints `N passed, N failed, N skipped`; where the fixtures are there, a skipped test is a failure. */
export default class ClosingLine implements Reporter {
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
    if (skipped.length > 0 && hasFixtures("recordings")) {
      console.log("The fixtures are there, so nothing may be skipped.");
      process.exitCode = 1;
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`);
  }
}
