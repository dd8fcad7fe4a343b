import {
  checkOptions,
  FUNCTION,
  invalidOption,
  methods,
  type OptionRules,
  recordOf,
  TABLE,
} from "../../core/check-options.ts";
import { testAnswers, testDelivery } from "./answer-checks.ts";
import type { DialectContract } from "./contract.ts";
import { testFailures } from "./failure-checks.ts";
import { testOperations } from "./operation-checks.ts";
import { testRequests } from "./request-checks.ts";

const RULES: OptionRules<DialectContract> = {
  test: FUNCTION,
  dialect: methods("a dialect", ["open"]),
  answers: recordOf("an object of answers", TABLE),
  failures: recordOf("an object of failures", TABLE),
  embed: TABLE,
  countTokens: TABLE,
  listModels: TABLE,
  entry: TABLE,
};

/**
 * Defines one test for each rule of a dialect, in any test runner. The tests call a model over a real socket, through all layers:
 * replies, events, tool calls, usage, errors, truncated and aborted streams, and the settings in the request.
 * @throws ModelError `invalid_request` for a contract that is incomplete.
 *
 * @example
 * import type { Dialect } from "modelwright";
 * import { testDialect } from "modelwright/testing";
 *
 * const yes: Dialect = {
 *   name: "yes",
 *   async *open() {
 *     yield [{ type: "text-delta", text: "Yes.", sample: 0 }, { type: "finish", reason: "stop", sample: 0 }];
 *   },
 * };
 * const tests: (() => Promise<void>)[] = [];
 * const test = (name: string, run: () => Promise<void>) => tests.push(run); // in a test file, `test` of your runner
 * testDialect({ test, dialect: yes, answers: { text: { reply: { text: "Yes.", finishReason: "stop" } } } });
 * for (const run of tests) await run();
 */
export function testDialect(contract: DialectContract): void {
  checkOptions(contract, RULES, "testDialect");
  for (const name of ["test", "dialect", "answers"] as const)
    if (contract[name] === undefined) throw invalidOption(`testDialect: ${name} is required`);
  if (contract.answers.text === undefined) throw invalidOption("testDialect: answers.text is required");
  testAnswers(contract);
  testDelivery(contract);
  testFailures(contract);
  testRequests(contract);
  testOperations(contract);
}
