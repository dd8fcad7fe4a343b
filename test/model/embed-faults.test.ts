import { describe, expect, it } from "vitest";
import { AT_ONCE, type EntryShape, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { type Arrival, serve } from "../harness/small-server.ts";

const PRICE = "pricing = { input = 20, output = 0 }";
const SHAPE: EntryShape = { name: "text-embedding-3-small", priced: false };
const textsOf = ({ body }: Arrival) => body["input"] as string[];
const at = (url: string, lines = PRICE, shape: EntryShape = SHAPE) => entry("openai", url, lines, shape);

function bodyOf(texts: readonly string[], vectorOf: (text: string) => number[], tokens = texts.length): object {
  const data = texts.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text) }));
  return { object: "list", data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

describe("the usage of an embedding request that fails", () => {
  it("is what the provider reported, in the attempts and in the budget, also above the reservation", async () => {
    const { url } = await serve((arrival) => bodyOf(textsOf(arrival), () => [], 1_000));
    const factory = factoryOf(`[budgets.day]\nusd = 1\nperiod = "day"\n${at(url, `${PRICE}\n${AT_ONCE}`)}`);
    const failure = await failureOf(factory.create().embed(["a"]));
    expect(failure).toMatchObject({ code: "protocol_error", message: expect.stringContaining("text 0 is empty") });
    const billed = { usage: { input: 1_000, output: 0, estimated: false }, cost: { usd: 0.02 } };
    expect(failure.attempts).toMatchObject([billed, billed]);
    expect(await factory.budgets.status()).toMatchObject([{ spent: 0.04, reserved: 0 }]);
  });
});
