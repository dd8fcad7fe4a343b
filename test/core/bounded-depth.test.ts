import { expect, it } from "vitest";
import { boundedDepth, isDeep } from "../../src/core/bounded-depth.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { SMALL_BODY } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

const nested = (depth: number) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`;

it.each(WIRES)("JSON.stringify works for a reply whose raw body is nested 100,000 levels deep (%s)", async (wire) => {
  const body = JSON.stringify({ ...SMALL_BODY[wire], extra: "@" }).replace('"@"', nested(50_000));
  const server = await serving(() => ({ body, headers: { "content-type": "application/json" } }));
  const reply = await modelAt(wire, server.origin).codegen("Hi");
  expect(reply.text).toBe("fine");
  const raw = JSON.stringify(reply);
  expect(raw).toContain("nested deeper than 500 levels");
  expect(JSON.parse(raw).text).toBe("fine");
});

it.each(WIRES)("JSON.stringify works for raw events nested 100,000 levels deep (%s)", async (wire) => {
  const body = JSON.stringify({ ...SMALL_BODY[wire], extra: "@" }).replace('"@"', nested(50_000));
  const server = await serving(() => ({ body, headers: { "content-type": "application/json" } }));
  const events: unknown[] = [];
  for await (const event of modelAt(wire, server.origin).stream("Hi", { raw: true })) events.push(event);
  expect(JSON.stringify(events)).toContain("nested deeper than 500 levels");
});

it("JSON.stringify works for a raw event of a stream nested 100,000 levels deep", async () => {
  const delta = { id: "c", choices: [{ index: 0, delta: { content: "fine" }, finish_reason: "stop" }], extra: "@" };
  const body = `data: ${JSON.stringify(delta).replace('"@"', nested(50_000))}\n\ndata: [DONE]\n\n`;
  const server = await serving(() => ({ body, headers: { "content-type": "text/event-stream" } }));
  const events: unknown[] = [];
  for await (const event of modelAt("openai", server.origin).stream("Hi", { raw: true })) events.push(event);
  expect(JSON.stringify(events)).toContain("nested deeper than 500 levels");
});

it("an ordinary value stays the same object, even if cyclic", () => {
  const value: { self?: unknown; list: unknown[] } = { list: [1, null, { text: "x" }] };
  value.self = value;
  expect(boundedDepth(value)).toBe(value);
  expect(isDeep(JSON.parse(nested(240)))).toBe(false);
  expect(isDeep(JSON.parse(nested(260)))).toBe(true);
});
