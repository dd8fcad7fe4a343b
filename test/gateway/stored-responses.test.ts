import { describe, expect, it } from "vitest";
import { openaiAt } from "./clients.ts";
import { world } from "./world.ts";

describe("stored responses", () => {
  it("go on from an earlier response, streamed or not, with any model", async () => {
    const { url, simulator } = await world();
    const { responses } = openaiAt(url);
    const first = await responses.create({ model: "anthropic", input: "I am Ann." });
    const stream = responses.stream({ model: "google", input: "And Bob.", previous_response_id: first.id });
    const second = await stream.finalResponse();
    await responses.create({ model: "openai", input: "Who?", previous_response_id: second.id });
    expect(simulator.requests.at(-1)?.body).toMatchObject({
      messages: [
        { role: "user", content: "I am Ann." },
        { role: "assistant", content: first.output_text },
        { role: "user", content: "And Bob." },
        { role: "assistant", content: second.output_text },
        { role: "user", content: "Who?" },
      ],
    });
  });

  it("are shown, deleted and referred to by item", async () => {
    const { url, simulator } = await world();
    const { responses } = openaiAt(url);
    const made = await responses.create({ model: "anthropic", input: "Hello", instructions: "Be brief." });
    const { output, instructions, usage } = await responses.retrieve(made.id);
    expect({ output, instructions, usage }).toEqual({
      ...{ output: made.output, instructions: "Be brief.", usage: made.usage },
    });
    const id = made.output[0]?.id ?? "";
    await responses.create({
      model: "openai",
      input: [
        { type: "item_reference", id },
        { role: "user", content: "Go" },
      ],
    });
    expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain("[simulated claude");
    await responses.delete(made.id);
    await expect(responses.retrieve(made.id)).rejects.toThrow(/404 Response with id .* not found/);
    const reference = responses.create({ model: "openai", input: [{ type: "item_reference", id }] });
    await expect(reference).rejects.toMatchObject({ status: 400 });
    const again = responses.create({ model: "openai", input: "Go", previous_response_id: made.id });
    await expect(again).rejects.toMatchObject({ status: 400, code: "previous_response_not_found" });
  });

  it("are refused in a request with too many references", async () => {
    const { post } = await world();
    const input = Array.from({ length: 10_001 }, (_, at) => ({ type: "item_reference", id: `msg_${at}` }));
    const response = await post("/v1/responses", { model: "openai", input });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { message: "The request refers to more than 10000 items." } },
    ]);
  });

  it("are refused in a request that refers to one twice", async () => {
    const { url } = await world();
    const { responses } = openaiAt(url);
    const made = await responses.create({ model: "anthropic", input: "Hello" });
    const reference = { type: "item_reference" as const, id: made.output[0]?.id ?? "" };
    const twice = responses.create({ model: "openai", input: [reference, reference] });
    await expect(twice).rejects.toThrow(`Duplicate item found with id '${reference.id}'`);
  });

  it("are not kept with `store: false`", async () => {
    const { url } = await world();
    const { responses } = openaiAt(url);
    const made = await responses.create({ model: "anthropic", input: "Hello", store: false });
    await expect(responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    const reference = { type: "item_reference" as const, id: made.output[0]?.id ?? "" };
    await expect(responses.create({ model: "openai", input: [reference] })).rejects.toMatchObject({ status: 400 });
  });
});
