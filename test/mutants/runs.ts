import { always, drop, never, replace } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const RUN = ["test/run/run.test.ts"];
const OVERFLOW = ["test/keys/protection.test.ts"];

/** Tools in a loop, and prompts that fit into a context window. */
export const runs = [
  ...mutantsOf("src/model/run.ts", RUN, [
    [
      "run-executes-cut-calls",
      "the tool calls of an answer that the token limit cut are executed",
      "Run.#planFor",
      always("incomplete === undefined"),
    ],
    [
      "run-results-as-they-arrive",
      "tool results are sent in the order in which the tools ended",
      "sortBy",
      replace("Number(order.get(left.id)) - Number(order.get(right.id))", "0"),
    ],
    [
      "run-forces-a-tool-forever",
      "a forced tool is forced in every step, so that the model never answers",
      "Run.#optionsOfStep",
      never("this.#steps.length > 0 && isForced"),
    ],
    [
      "run-forgets-finished-tools",
      "an aborted run loses the results of the tools that have run",
      "Run.failure",
      replace("this.#conversation()", "this.#messages"),
    ],
  ]),
  ...mutantsOf("src/model/tool-calls.ts", RUN, [
    [
      "tool-approval-ignored",
      "a tool that needs approval runs without it",
      "RunTools.plan",
      drop("!approved.has(call.id) && (await needsApproval(tool, checked.args))"),
    ],
    ["tool-timeout-ignored", "a tool may run forever", "executed", always("timeoutMs === undefined")],
    ["tool-arguments-unchecked", "a tool runs with invalid arguments", "RunTools.plan", never("!checked.ok")],
    [
      "tools-all-at-once",
      "more tools than maxParallelTools run at a time",
      "runTools",
      replace("running.size < around.maxParallelTools", "true"),
    ],
  ]),
  ...mutantsOf("src/layers/overflow.ts", OVERFLOW, [
    [
      "overflow-trims-silently",
      "a trimmed prompt is not in the adjustments",
      "fitted",
      drop('adjustment: { setting: "messages", from, to, reason }'),
    ],
    [
      "overflow-sends-what-cannot-fit",
      "a prompt whose newest message does not fit is sent",
      "fitted",
      replace("trimmed(input.messages, room)", "trimmed(input.messages, room) ?? input.messages"),
    ],
  ]),
  ...mutantsOf("src/layers/prompt-window.ts", OVERFLOW, [
    [
      "overflow-fallback-is-sent",
      'with overflow = "fallback" the provider gets a prompt that does not fit',
      "PromptWindow.refusal",
      replace('overflow === "fallback"', "false"),
    ],
  ]),
];
