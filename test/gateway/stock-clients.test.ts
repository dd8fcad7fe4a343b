import { describe, expect, it } from "vitest";
import { WIRES, type Wire } from "../harness/wires.ts";
import { world } from "./world.ts";

const others = (wire: Wire) => WIRES.filter((other) => other !== wire);

async function joined(texts: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const text of texts) if (text !== "") all.push(text);
  return all;
}

describe.each(WIRES)("a stock client of %s", (wire) => {
  it("gets the answers of models of other wires, under the name it asked for", async () => {
    const { clients, simulator } = await world();
    for (const model of others(wire)) {
      const { text, model: named, id, input } = await clients[wire].text(model, "Hello");
      expect(text).toContain("[simulated");
      expect({ named, wire: simulator.requests.at(-1)?.wire }).toEqual({ named: model, wire: model });
      expect(id).not.toContain("undefined");
      expect(input).toBeGreaterThan(0);
    }
  });

  it("streams them in pieces, with the text of the complete answer", async () => {
    const { clients } = await world();
    for (const model of others(wire)) {
      const pieces = await joined(clients[wire].stream(model, "Tell me of Oslo."));
      expect(pieces.length).toBeGreaterThan(3);
      expect(pieces.join("")).toBe((await clients[wire].text(model, "Tell me of Oslo.")).text);
    }
  });

  it("calls tools in parallel and answers with their results", async () => {
    const { clients, simulator } = await world();
    for (const model of others(wire)) {
      const { calls, answer } = await clients[wire].tools(model);
      expect(calls.map(({ name }) => name)).toEqual(["weather", "time"]);
      expect(calls.every(({ city }) => typeof city === "string")).toBe(true);
      expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain("result of time");
      expect(answer).toContain("[simulated");
    }
  });

  it("gets objects of its schema, and sends images", async () => {
    const { clients, simulator } = await world();
    for (const model of others(wire)) {
      expect(await clients[wire].object(model)).toEqual({ name: expect.any(String), age: expect.any(Number) });
      expect((await clients[wire].image(model)).text).toContain("1 attachment");
      expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain("iVBORw0KGgo");
    }
  });

  it("closes the upstream when it leaves a stream", async () => {
    const { clients, simulator } = await world({ simulator: { delayMs: 20 } });
    const [model = "openai"] = others(wire);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of clients[wire].stream(model, "Tell me a long story.", controller.signal)) controller.abort();
    })();
    await reading.catch(() => {});
    const [request] = simulator.requests;
    const leftMs = performance.now();
    while (request?.closedByPeerMs === undefined && performance.now() - leftMs < 1_000)
      await new Promise((resolve) => setImmediate(resolve));
    expect(request?.closedByPeerMs).toBeDefined();
    expect(performance.now() - leftMs).toBeLessThan(100);
  });

  it("lists the names of models.toml", async () => {
    const { clients } = await world({ toml: '[aliases]\nsmart = "anthropic"\n' });
    expect(await clients[wire].models()).toEqual([...WIRES, "smart"]);
  });

  it("uses the models that a provider lists", async () => {
    const toml = `[providers.openai]\nbase_url = "BASE/v1"\napi_key = "test-key"\ndiscover = true\n`;
    const { clients } = await world({ toml });
    expect(await clients[wire].models()).toContain("openai/gpt-4o");
    expect(await clients[wire].text("openai/gpt-4o", "Hello")).toMatchObject({
      ...{ text: expect.stringContaining("[simulated gpt-4o]"), model: "openai/gpt-4o" },
    });
  });
});
