import { tracingChannel } from "node:diagnostics_channel";
import { expect, it, onTestFinished } from "vitest";
import { factoryOf } from "../harness/scripted-factory.ts";

it("publishes the start, the error and the end of each call while somebody listens", async () => {
  const seen: string[] = [];
  const contexts = new Set<unknown>();
  const note = (name: string) => (context: object) => {
    contexts.add(context);
    seen.push(`${name} ${(context as { model: string }).model}`);
  };
  const channel = tracingChannel("modelwright:call");
  const handlers = { start: note("start"), end: note("end"), error: note("error") };
  const subscribers = { asyncStart() {}, asyncEnd() {}, ...handlers };
  channel.subscribe(subscribers);
  onTestFinished(() => void channel.unsubscribe(subscribers));
  const { model } = factoryOf({ main: ["hi", [{ error: { code: "not_found", message: "x" } }], "again"] });
  await model.codegen("hello", { user: "ann" });
  await model.safeCodegen("hello");
  expect(seen).toEqual(["start main", "end main", "start main", "error main", "end main"]);
  const [first, second] = [...contexts];
  expect(contexts.size).toBe(2);
  expect(first).toMatchObject({
    user: "ann",
    outcome: "ok",
    attempts: [{ outcome: "ok" }],
    cost: { usd: expect.any(Number) },
  });
  expect(second).toMatchObject({ outcome: "error", error: { code: "not_found" } });
  expect(JSON.stringify(first)).not.toMatch(/hello|"hi"/);
  channel.unsubscribe(subscribers);
  await model.codegen("hello");
  expect(seen).toHaveLength(5);
});
