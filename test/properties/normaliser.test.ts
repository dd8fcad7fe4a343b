import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readInput } from "../../src/core/input.ts";
import type { Message } from "../../src/core/message.ts";
import { readMessages } from "../../src/dialects/anthropic/server/read-request.ts";
import { readGenerate } from "../../src/dialects/google/server/read-request.ts";
import { readChat } from "../../src/dialects/openai/server/read-chat-request.ts";
import { readResponses } from "../../src/dialects/openai/server/read-responses-request.ts";
import type { Json } from "../../src/dialects/served/json.ts";
import type { Received } from "../../src/dialects/server-wire.ts";
import { isModelError, type Model, ModelError, ModelFactory } from "../../src/index.ts";
import { anyHistory, properHistory, THOUGHT_PROOFS } from "../harness/histories.ts";
import type { Wire } from "../harness/wires.ts";

const RUNS = { numRuns: 1_000 };
const LIMIT_MS = 120_000;

interface Way {
  readonly wire: Wire;
  readonly provider: string;
  readonly model: string;
  readonly read: (received: Received) => unknown;
}
const WAYS: readonly Way[] = [
  { wire: "openai", provider: "openai", model: "gpt-4o", read: readChat },
  { wire: "openai-responses", provider: "openai", model: "gpt-5", read: readResponses },
  { wire: "anthropic", provider: "anthropic", model: "claude-sonnet-4-5", read: readMessages },
  { wire: "google", provider: "google", model: "gemini-3-pro-preview", read: readGenerate },
];

let sent: { path: string; headers: Headers; body: Json } | undefined;
const factories: ModelFactory[] = [];
afterAll(() => Promise.all(factories.map((factory) => factory.close())));

/** A model whose requests end here, as its SDK wrote them. */
function modelOf({ wire, provider, model }: Way): Model {
  const toml = `[models.m]\nname = "${model}"\nprovider = "${provider}"\ncustom_llm_provider = "${wire}"\napi_key = "k"\nnum_retries = 0\ncircuit_breaker = false`;
  const transport = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as Json;
    sent = { path: new URL(String(url)).pathname, headers: new Headers(init?.headers), body };
    throw new ModelError({ code: "aborted", message: "It was only to be seen." });
  };
  const factory = ModelFactory.parse(toml, { env: {}, transport });
  factories.push(factory);
  return factory.get("m");
}

/** The request a history becomes; the error where it is refused before anything is sent. */
async function request(model: Model, messages: readonly Message[]): Promise<typeof sent | ModelError> {
  sent = undefined;
  const outcome = await model.safeCodegen(messages as Message[]);
  if (sent !== undefined) return sent;
  if (outcome.ok || !isModelError(outcome.error)) throw new Error("neither a request nor a refusal");
  return outcome.error;
}

/** Throws what its provider would refuse. */
function checkLegal(way: Way, { path, headers, body }: NonNullable<typeof sent>): void {
  const shown = Object.fromEntries(headers.entries());
  way.read({ path, model: way.model, streaming: false, counting: false, headers: shown, body, history: new Map() });
}

describe.each(WAYS)("property 21: the messages of a request on the wire $wire", (way) => {
  const model = modelOf(way);

  test("are valid for any history, or the request is rejected", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(way.wire, way.provider), async (messages) => {
        const seen = await request(model, messages);
        if (isModelError(seen)) expect(seen.code).toBe("invalid_request");
        else checkLegal(way, seen as NonNullable<typeof sent>);
      }),
      RUNS,
    );
  });

  test("are sent for every valid history, with opaque parts byte for byte", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(properHistory(way.wire, way.provider), async (messages) => {
        const seen = await request(model, messages);
        if (isModelError(seen)) throw seen;
        checkLegal(way, seen as NonNullable<typeof sent>);
        const text = JSON.stringify(seen?.body);
        for (const opaque of opaquesIn(messages, way)) expect(text).toContain(JSON.stringify(opaque).slice(1, -1));
        expect(text).not.toContain("of somebody else");
      }),
      RUNS,
    );
  });

  test("do not change when normalised again", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(properHistory(way.wire, way.provider), async (messages) => {
        const once = readInput(messages);
        expect(readInput(once)).toEqual(once);
        const first = await request(model, messages);
        const second = await request(model, once);
        expect(second).toEqual(first);
      }),
      RUNS,
    );
  });
});

function opaquesIn(messages: readonly Message[], { wire, provider }: Way): readonly string[] {
  return messages.flatMap(({ content }) =>
    typeof content === "string"
      ? []
      : content.flatMap((part) => {
          if (part.type !== "reasoning" && part.type !== "tool-call") return [];
          if (part.signature === undefined || part.owner !== provider) return [];
          return [wire === "openai-responses" ? JSON.parse(part.signature).encrypted_content : part.signature];
        }),
  );
}

test("property 21: covers every wire that signs reasoning", () => {
  expect(WAYS.filter(({ wire }) => THOUGHT_PROOFS[wire] !== undefined)).toHaveLength(3);
});
