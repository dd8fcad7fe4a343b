import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import { generateDecoder } from "../../../src/dialects/google/decode.ts";
import { ToolNames } from "../../../src/dialects/google/tool-names.ts";
import { fixture, hasFixtures } from "../../harness/fixtures.ts";
import { describeWith } from "../../harness/needs.ts";
import { foldEvents, requestOf, targetOf } from "../contract.ts";

const FOLDER = "recordings/google";
const present = hasFixtures(FOLDER);
const names = present ? readdirSync(fixture(FOLDER)) : [];
const target = targetOf({ provider: "google", dialect: "google" });

interface Part {
  readonly text?: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
  readonly functionCall?: { readonly name?: string; readonly args?: unknown };
}
interface Chunk {
  readonly candidates: readonly {
    readonly content?: { readonly parts?: readonly Part[] };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata: Readonly<Record<string, number>>;
}

function read(name: string): string {
  return readFileSync(fixture(`${FOLDER}/${name}`), "utf8");
}

function linesOf(name: string): string[] {
  return read(name)
    .split("\n")
    .filter((line) => line.trim() !== "");
}

function newDecoder() {
  return generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 });
}

function decodeStream(name: string): FlowEvent[] {
  const decoder = newDecoder();
  const events: FlowEvent[] = [{ type: "start", model: "m", provider: "google" }];
  for (const line of linesOf(name)) decoder.push(line, undefined, events);
  decoder.end(events);
  return events;
}

/** Compares with the simplest reading of the chunks. */
function check(events: readonly FlowEvent[], chunks: readonly Chunk[]): void {
  const reply = foldEvents(events);
  const parts = chunks.flatMap((chunk) => chunk.candidates[0]?.content?.parts ?? []);
  const usage = chunks.at(-1)?.usageMetadata ?? {};
  const calls = parts.flatMap((part) => (part.functionCall?.args === undefined ? [] : [part.functionCall]));
  const signatures = parts.flatMap((part) => part.thoughtSignature ?? []);
  expect(reply.text).toBe(parts.map((part) => (part.thought ? "" : (part.text ?? ""))).join(""));
  expect(reply.usage.total).toBe(usage["totalTokenCount"]);
  expect(reply.usage.output).toBe((usage["candidatesTokenCount"] ?? 0) + (usage["thoughtsTokenCount"] ?? 0));
  expect(reply.rawFinishReason).toBe(chunks.at(-1)?.candidates[0]?.finishReason);
  expect(reply.finishReason).toBe(reply.toolCalls.length > 0 ? "tool-calls" : "stop");
  expect(events.flatMap((event) => (event.type === "signature" ? [event.signature] : []))).toEqual(signatures);
  if (calls.length > 0)
    expect(reply.toolCalls.map((call) => [call.name, call.arguments])).toEqual(
      calls.map((call) => [call.name, call.args]),
    );
}

describeWith("recordings", "recorded traffic of Gemini", () => {
  it.each(names.filter((name) => name.endsWith(".chunks.txt")))(
    "%s: text, calls, signatures, usage and end",
    (name) => {
      check(
        decodeStream(name),
        linesOf(name).map((line) => JSON.parse(line) as Chunk),
      );
    },
  );

  it.each(names.filter((name) => name.endsWith(".json")))("%s: text, calls, signatures, usage and end", (name) => {
    const body = JSON.parse(read(name)) as Chunk;
    const decoder = newDecoder();
    const events: FlowEvent[] = [{ type: "start", model: "m", provider: "google" }];
    decoder.body(body, events);
    decoder.end(events);
    check(events, [body]);
  });

  it("completes a call with arguments by value, although its closing mark is missing", () => {
    const [call] = foldEvents(decodeStream(names.find((name) => name.includes("array-arguments")) ?? "")).toolCalls;
    expect(call).toMatchObject({
      name: "writeItems",
      arguments: {
        operations: [
          { action: "add", description: "Fresh red apple", itemid: "apple_001", price: 0.5 },
          { action: "add", description: "Ripe yellow banana", itemid: "banana_001", price: 0.3 },
        ],
      },
    });
  });
});
