import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readInput } from "../../src/core/input.ts";
import type { Message } from "../../src/core/message.ts";
import { isModelError } from "../../src/index.ts";
import { anyHistory, properHistory, THOUGHT_PROOFS } from "../harness/histories.ts";
import { checkLegal, closeModels, modelOf, request, WAYS, type Way } from "../harness/legal-requests.ts";

const RUNS = { numRuns: 1_000 };
const LIMIT_MS = 120_000;

afterAll(closeModels);

describe.each(WAYS)("property 21: the messages of a request on the wire $wire", (way) => {
  const model = modelOf(way);

  test("are valid for any history, or the request is rejected", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory(way.wire, way.provider), async (messages) => {
        const seen = await request(model, messages);
        if (isModelError(seen)) expect(seen.code).toBe("invalid_request");
        else checkLegal(way, seen);
      }),
      RUNS,
    );
  });

  test("are sent for every valid history, with opaque parts byte for byte", { timeout: LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(properHistory(way.wire, way.provider), async (messages) => {
        const seen = await request(model, messages);
        if (isModelError(seen)) throw seen;
        checkLegal(way, seen);
        const text = JSON.stringify(seen.body);
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
