import type { Model } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import type { SeenRequest, WireServer } from "../harness/wire-server.ts";
import type { Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

// The AI SDK prints warnings otherwise; tests check them.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

/** A model whose server gives these answers in order, and the requests it gets. */
export async function modelThat(
  wire: Wire,
  answers: readonly WrittenAnswer[],
  keys = "",
): Promise<{ readonly model: Model; readonly server: WireServer }> {
  const server = await serving((request, index) => writtenAnswer(wire, request, answers[index] ?? {}));
  return { model: modelAt(wire, server.origin, keys), server };
}

export const bodyOf = (request: SeenRequest | undefined) => JSON.parse(request?.body ?? "null");

/** Four steps: two calls in parallel, then one each, then the answer. */
export const FOUR_STEPS: readonly WrittenAnswer[] = [
  {
    text: "Let me look.",
    calls: [
      { id: "c1", name: "weather", args: { city: "Oslo" } },
      { id: "c2", name: "weather", args: { city: "Rome" } },
    ],
  },
  { calls: [{ id: "c3", name: "weather", args: { city: "Bonn" } }] },
  { calls: [{ id: "c4", name: "weather", args: { city: "Lima" } }] },
  { text: "Snow in Oslo." },
];
