import { describe, expect, it } from "vitest";
import type { SimulatedAnswer } from "../../../src/simulator/server.ts";
import { until } from "../../harness/waits.ts";
import { WIRES, type Wire } from "../../harness/wires.ts";
import { type World, world } from "../world.ts";
import { type ClientRow, FAILURES, PIXEL } from "./client.ts";

const call = (name: string, city: string) => ({ name, arguments: { city } });

/** Two calls in parallel, then one each, then the answer. */
const FOUR_STEPS: readonly SimulatedAnswer[] = [
  { reasoning: "Both for Oslo.", toolCalls: [call("weather", "Oslo"), call("time", "Oslo")] },
  { reasoning: "Rome is near.", toolCalls: [call("weather", "Rome")] },
  { reasoning: "Lima last.", toolCalls: [call("time", "Lima")] },
  { text: "Snow in Oslo." },
];
const RESULTS = ["weather of Oslo", "time of Oslo", "weather of Rome", "time of Lima"];

/** Where an upstream has the state of its own earlier answers. The simulator refuses state that was changed. */
const STATE: Partial<Readonly<Record<Wire, RegExp>>> = {
  anthropic: /"type":"thinking","thinking":"[^"]+","signature":"[^"]{20,}"/g,
  "openai-responses": /"encrypted_content":"[^"]{20,}"/g,
  google: /"thoughtSignature":"[^"]{20,}"/g,
};

const REASONING = 'num_retries = 0\nreasoning_effort = "high"\nmax_new_tokens = 6000';

const lastBody = ({ simulator }: World): string => JSON.stringify(simulator.requests.at(-1)?.body);
const statuses = ({ simulator }: World) => simulator.requests.map(({ status }) => status);

/** What users of a client library do, with models of other wire formats. */
export function testClient(row: ClientRow): void {
  const others = WIRES.filter((wire) => wire !== row.wire);

  describe(row.name, () => {
    it("gets answers under the name it asked for, whole and in pieces", async () => {
      const made = await world();
      const client = row.at(made.url);
      for (const model of others) {
        const { text, model: named = model, id = "", input } = await client.text(model, "Tell me of Oslo.");
        expect(text).toContain("[simulated");
        expect({ named, wire: made.simulator.requests.at(-1)?.wire }).toEqual({ named: model, wire: model });
        expect(id).not.toContain("undefined");
        expect(input).toBeGreaterThan(0);
        const pieces = await piecesOf(client.stream(model, "Tell me of Oslo."));
        expect(pieces.length).toBeGreaterThan(3);
        expect(pieces.join("")).toBe(text);
      }
      expect(statuses(made)).toEqual(Array(6).fill(200));
    });

    it.each([false, true])("calls tools over four steps, two of them in parallel (stream: %s)", async (streamed) => {
      const made = await world();
      const client = row.at(made.url);
      for (const model of others) {
        made.simulator.reset();
        made.simulator.script(...FOUR_STEPS.map((answer) => ({ answer })));
        expect(await client.loop(model, streamed)).toBe("Snow in Oslo.");
        expect(statuses(made)).toEqual(Array(4).fill(200));
        for (const result of RESULTS) expect(lastBody(made).split(result), `${model}: ${result}`).toHaveLength(2);
      }
    });

    it.each([false, true])("returns the state of a model's reasoning (stream: %s)", async (streamed) => {
      const made = await world({ lines: REASONING });
      const client = row.at(made.url);
      for (const model of others) {
        const state = STATE[model];
        if (state === undefined) continue;
        made.simulator.reset();
        made.simulator.script(...FOUR_STEPS.map((answer) => ({ answer })));
        expect(await client.loop(model, streamed)).toBe("Snow in Oslo.");
        expect(statuses(made), model).toEqual(Array(4).fill(200));
        const found = lastBody(made).match(state)?.length ?? 0;
        // Google's state is that of calls, which the gateway keeps.
        const returned: readonly Wire[] = [...row.returns, "google"];
        expect({ model, found }).toEqual({ model, found: returned.includes(model) ? 3 : 0 });
        expect(lastBody(made)).not.toContain("mw1.");
      }
    });

    it("gets objects of its schema, and sends images", async () => {
      const made = await world();
      const client = row.at(made.url);
      for (const model of others) {
        expect(await client.object(model)).toEqual({ name: expect.any(String), age: expect.any(Number) });
        expect(lastBody(made)).toContain("99");
        expect(await client.image(model)).toContain("1 attachment");
        expect(lastBody(made)).toContain(PIXEL);
      }
      expect(statuses(made)).toEqual(Array(6).fill(200));
    });

    it("closes the upstream when it leaves a stream", async () => {
      const made = await world({ simulator: { delayMs: 20 } });
      const [model = "openai"] = others;
      const controller = new AbortController();
      const reading = (async () => {
        const stream = row.at(made.url).stream(model, "Tell me a long story.", controller.signal);
        for await (const _ of stream) controller.abort();
      })();
      await reading.catch(() => {});
      await until(() => made.simulator.requests[0]?.closedByPeerMs !== undefined);
      expect(made.simulator.requests).toHaveLength(1);
    });

    it.each(FAILURES)("tells a failure apart: %s", async (failure) => {
      const made = await failing(failure);
      const { is, has } = row.looks[failure];
      const client = row.at(made.url);
      for (const ask of [
        () => client.text(others[0] as Wire, "Hello"),
        () => piecesOf(client.stream(others[0] as Wire, "Hello")),
      ]) {
        const error = await ask().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(is);
        expect(error).toMatchObject(has);
      }
      const upstream = { "rate limit": 2, "context overflow": 2, "invalid key": 0, "exhausted budget": 0 }[failure];
      expect(made.simulator.requests).toHaveLength(upstream);
    });

    if (row.at("").embed !== undefined)
      it("computes embeddings", async () => {
        const upstream = row.wire === "google" ? VECTORS.openai : VECTORS.google;
        const made = await world({ toml: upstream });
        const vectors = (await row.at(made.url).embed?.("vectors", ["one", "two", "one"])) ?? [];
        expect(vectors).toHaveLength(3);
        expect(vectors[0]).toEqual(vectors[2]);
        expect(vectors[0]).not.toEqual(vectors[1]);
        expect(statuses(made)).toEqual([200]);
      });

    if (row.at("").models !== undefined)
      it("lists the names of models.toml, and uses the models that a provider lists", async () => {
        const toml =
          '[aliases]\nsmart = "anthropic"\n[providers.openai]\nbase_url = "BASE/v1"\napi_key = "test-key"\ndiscover = true\n';
        const client = row.at((await world({ toml })).url);
        const listed = await client.models?.();
        expect(listed).toEqual(expect.arrayContaining([...WIRES, "smart", "openai/gpt-4o"]));
        const { text, model = "" } = await client.text("openai/gpt-4o", "Hello");
        expect({ text, model }).toEqual({
          text: expect.stringContaining("[simulated gpt-4o]"),
          model: "openai/gpt-4o",
        });
      });
  });
}

const VECTORS = {
  openai:
    '[models.vectors]\nname = "text-embedding-3-small"\nprovider = "openai"\nbase_url = "BASE/v1"\napi_key = "test-key"\n',
  google:
    '[models.vectors]\nname = "gemini-embedding-001"\nprovider = "google"\nbase_url = "BASE"\napi_key = "test-key"\n',
};

/** A gateway whose calls end with a failure. */
function failing(failure: (typeof FAILURES)[number]): Promise<World> {
  switch (failure) {
    case "rate limit":
      return world({ simulator: { script: [{ kind: "rate-limit", times: 2 }] } });
    case "context overflow":
      return world({ simulator: { script: [{ kind: "context", times: 2 }] } });
    case "invalid key":
      return world({ toml: '[gateway.keys.ann]\nkey = "mw-3f0c6b1de2a94c7f"\n' });
    case "exhausted budget":
      return world({ toml: "[budgets.small]\nusd = 0.0000001\n" });
  }
}

async function piecesOf(texts: AsyncIterable<string>): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const text of texts) if (text !== "") pieces.push(text);
  return pieces;
}
