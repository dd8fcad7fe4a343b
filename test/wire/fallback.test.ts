import { afterAll, beforeAll, expect, test } from "vitest";
import { isModelError, type ModelError, ModelFactory, type Reply } from "../../src/index.ts";
import { describeWith } from "../harness/needs.ts";
import {
  ANSWERS,
  ERROR_STATUS,
  entryFor,
  FAILURES,
  RECORDINGS,
  type Recording,
  saidBy,
} from "../harness/recording-files.ts";
import { type Said, type WireServer, wireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

let primary: WireServer;
let secondary: WireServer;
let said: Said | undefined;
beforeAll(async () => {
  primary = await wireServer(() => ({
    status: 429,
    body: '{"error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"slow down"}}',
  }));
  secondary = await wireServer(() => said);
});
afterAll(() => Promise.all([primary.close(), secondary.close()]));

/** The wire of the model that fails: a different one for each recording. */
function wireOfPrimary(recording: Recording): Wire {
  return WIRES[RECORDINGS.indexOf(recording) % WIRES.length] as Wire;
}

async function ask(recording: Recording, name: "recorded" | "primary"): Promise<Reply> {
  said = saidBy(recording);
  const first = { wire: wireOfPrimary(recording), provider: "busy", model: "busy-model" };
  const toml =
    entryFor(first, "primary", primary.origin, 'fallback_models = ["recorded"]') +
    entryFor(recording, "recorded", secondary.origin);
  const factory = ModelFactory.parse(toml, { env: {} });
  try {
    const model = factory.get(name);
    return recording.events === undefined ? await model.codegen("Hello") : await model.stream("Hello").reply;
  } finally {
    await factory.close();
  }
}

/** Counts the requests that each server receives while `run` runs. */
async function counted<T>(run: () => Promise<T>): Promise<{ value: T; requests: [number, number] }> {
  const before = [primary.requests.length, secondary.requests.length] as const;
  const value = await run();
  return { value, requests: [primary.requests.length - before[0], secondary.requests.length - before[1]] };
}

/** The content of an answer, independent of which model was called first. */
function substance(reply: Reply) {
  const { callId: ______, latencyMs: _, firstTokenMs: __, attempts: ___, cost: ____, raw: _____, ...rest } = reply;
  return rest;
}

describeWith("recordings", "the fallback's answer is the direct one", () => {
  for (const recording of ANSWERS) {
    test(`${recording.id} after a 429 on the ${wireOfPrimary(recording)} wire`, { timeout: 10_000 }, async () => {
      const direct = await ask(recording, "recorded");
      const { value: reply, requests } = await counted(() => ask(recording, "primary"));
      expect(requests).toEqual([1, 1]);
      expect(substance(reply)).toEqual(substance(direct));
      expect(reply.model).toBe("recorded");
      expect(reply.attempts.map(({ model, outcome, error }) => [model, outcome, error?.code])).toEqual([
        ["primary", "error", "rate_limited"],
        ["recorded", "ok", undefined],
      ]);
      expect(reply.attempts[0]?.possiblyBilled).toBe(false);
    });
  }

  for (const [id, { code }] of Object.entries(FAILURES)) {
    test(`${id}: reports both failures`, async () => {
      const recording = RECORDINGS.find((one) => one.id === id) as Recording;
      const { value: failed, requests } = await counted(() =>
        ask(recording, "primary").catch((error: unknown) => error),
      );
      expect(requests).toEqual([1, 1]);
      const error = failed as ModelError;
      // A stream that breaks after its first text ends the call: the reader must learn about the break.
      if (isModelError(error) && (error.partial?.text ?? "") !== "") expect(error.code).toBe(code);
      else {
        expect(isModelError(failed, "all_models_failed")).toBe(true);
        expect(error.errors.map((one) => one.code)).toEqual(["rate_limited", code]);
      }
      expect(error.attempts.map((attempt) => attempt.error?.code)).toEqual(["rate_limited", code]);
      expect(error.attempts[1]?.error?.status).toBe(ERROR_STATUS[id]);
    });
  }
});
