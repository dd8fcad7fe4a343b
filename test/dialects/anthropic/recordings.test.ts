import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import { messagesDecoder } from "../../../src/dialects/anthropic/decode.ts";
import { fixture, hasFixtures } from "../../harness/fixtures.ts";
import { describeWith } from "../../harness/needs.ts";
import { foldEvents, targetOf } from "../contract.ts";

type Tree = { readonly [key: string]: unknown };

/** The fields of an event that the small reader looks at. */
interface Line {
  readonly type: string;
  readonly index?: number;
  readonly message?: { readonly content: readonly Tree[]; readonly usage: Tree; readonly stop_reason?: string | null };
  readonly content_block?: Tree;
  readonly delta?: { readonly text?: string; readonly partial_json?: string; readonly stop_reason?: string };
  readonly usage?: Tree;
}

const FOLDER = "recordings/anthropic";
const present = hasFixtures(FOLDER);
const names = present ? readdirSync(fixture(FOLDER)) : [];
const target = targetOf({ provider: "anthropic", dialect: "anthropic" });

/** What a recording says, read the simplest way. */
interface Expected {
  readonly text: string;
  readonly calls: readonly (readonly [name: string, input: unknown])[];
  readonly input: number;
  readonly output: number;
  readonly stopReason: unknown;
  /** Kinds of blocks that only the provider's own tools use. */
  readonly beyond: readonly string[];
}

const OWN_BLOCKS = new Set(["text", "thinking", "redacted_thinking", "tool_use"]);

function expectedOf(blocks: readonly Tree[], usage: Tree, stopReason: unknown): Expected {
  return {
    text: blocks
      .filter((block) => block["type"] === "text")
      .map((block) => block["text"])
      .join(""),
    calls: blocks
      .filter((block) => block["type"] === "tool_use")
      .map((block) => [String(block["name"]), block["input"]]),
    input: withCompactions(usage, "input_tokens"),
    output: withCompactions(usage, "output_tokens"),
    stopReason,
    beyond: [...new Set(blocks.map((block) => String(block["type"])))].filter((type) => !OWN_BLOCKS.has(type)),
  };
}

/** The total excludes the tokens of compactions. */
function withCompactions(usage: Tree, name: string): number {
  const iterations = (usage["iterations"] ?? []) as readonly Tree[];
  const compactions = iterations.filter(({ type }) => type === "compaction");
  return compactions.reduce((sum, one) => sum + Number(one[name]), Number(usage[name]));
}

function readStream(events: readonly Line[]): Expected {
  const blocks: { [key: string]: unknown }[] = [];
  const json: string[] = [];
  let usage: Tree = {};
  let stopReason: unknown;
  for (const { index: at = -1, message, content_block, delta, usage: counts } of events) {
    for (const [index, block] of (message?.content ?? []).entries()) blocks[index] = { ...block };
    if (content_block) blocks[at] = { ...content_block };
    const block = blocks[at];
    if (block && delta?.text !== undefined) block["text"] = `${block["text"] ?? ""}${delta.text}`;
    if (delta?.partial_json !== undefined) json[at] = `${json[at] ?? ""}${delta.partial_json}`;
    usage = { ...usage, ...message?.usage, ...counts };
    stopReason = delta?.stop_reason ?? message?.stop_reason ?? stopReason;
  }
  json.forEach((text, at) => {
    if (text && blocks[at]) blocks[at]["input"] = JSON.parse(text);
  });
  return expectedOf(blocks.filter(Boolean), usage, stopReason);
}

/** A recording may hold several answers, one after the other. */
function answersIn(name: string): Line[][] {
  const lines = readFileSync(fixture(`${FOLDER}/${name}`), "utf8").split("\n");
  const answers: Line[][] = [];
  for (const text of lines.filter((line) => line.trim() !== "")) {
    const line = JSON.parse(text) as Line;
    const before = answers.at(-1);
    const ended = before?.some((one) => one.type === "message_stop") ?? true;
    if (line.type === "message_start" && ended) answers.push([line]);
    else before?.push(line);
  }
  return answers;
}

function check(events: readonly FlowEvent[], expected: Expected): void {
  const reply = foldEvents(events);
  expect(reply.text).toBe(expected.text);
  expect(reply.toolCalls.map((call) => [call.name, call.arguments])).toEqual(expected.calls);
  expect(reply.usage).toMatchObject({ input: expected.input, output: expected.output });
  expect(reply.rawFinishReason).toBe(expected.stopReason);
  expect(reply.finishReason).not.toBe("unknown");
  expect(events.filter((event) => event.type === "finish")).toHaveLength(1);
}

describeWith("recordings", "recorded traffic of the messages API", () => {
  it.each(names.filter((name) => name.endsWith(".chunks.txt")))("%s: text, calls, usage and end", (name) => {
    const answers = answersIn(name);
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) {
      const events: FlowEvent[] = [];
      const decoder = messagesDecoder(target, { throughTool: false });
      for (const event of answer) if (!decoder.done) decoder.push(JSON.stringify(event), undefined, events);
      decoder.end(events);
      check(events, readStream(answer));
    }
  });

  it.each(names.filter((name) => name.endsWith(".json")))("%s: text, calls, usage and end", (name) => {
    const body = JSON.parse(readFileSync(fixture(`${FOLDER}/${name}`), "utf8")) as {
      readonly content: readonly Tree[];
      readonly usage: Tree;
      readonly stop_reason: string;
    };
    const events: FlowEvent[] = [];
    const decoder = messagesDecoder(target, { throughTool: false });
    decoder.body(body, events);
    decoder.end(events);
    check(events, expectedOf(body.content, body.usage, body.stop_reason));
  });

  it("use blocks of the provider's own tools, which are read past", () => {
    const beyond = names
      .filter((name) => name.endsWith(".chunks.txt"))
      .flatMap((name) => answersIn(name).flatMap((answer) => readStream(answer).beyond));
    expect([...new Set(beyond)].sort()).toMatchInlineSnapshot(`
      [
        "advisor_tool_result",
        "bash_code_execution_tool_result",
        "code_execution_tool_result",
        "compaction",
        "fallback",
        "mcp_tool_result",
        "mcp_tool_use",
        "server_tool_use",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "web_fetch_tool_result",
        "web_search_tool_result",
      ]
    `);
  });
});
