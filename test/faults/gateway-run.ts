import Anthropic from "@anthropic-ai/sdk";
import { ApiError } from "@google/genai";
import OpenAI from "openai";
import { expect } from "vitest";
import type { AccessRecord } from "../../src/gateway/access-log.ts";
import { gateway } from "../../src/gateway/gateway.ts";
import { listen } from "../../src/gateway/node-server.ts";
import { failureOf } from "../../src/gateway/problems.ts";
import { GATEWAY_WIRES } from "../../src/gateway/wires.ts";
import { ModelError, ModelFactory } from "../../src/index.ts";
import { faultServer } from "../../src/testing/index.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type Case, optionsOf } from "./cases.ts";
import type { Outcome } from "./expectation.ts";
import { FastClock } from "./fast-clock.ts";
import { entry } from "./run-script.ts";
import { ASK, FINISH, type Heard } from "./stock-client.ts";

/** What a stock client of the gateway sees of a script. */
export interface GatewayRun {
  readonly heard: Heard | undefined;
  readonly error: unknown;
  /** Whether a part of a stream had arrived. */
  readonly begun: boolean;
  readonly requests: number;
  readonly timers: number;
  readonly log: readonly AccessRecord[];
}

const CLOSE_WITHIN_MS = 3_000;

/** The wire of the client: another one than the provider's, a different one for each case. */
export function clientWireOf({ wire }: Case, index: number): Wire {
  const others = WIRES.filter((other) => other !== wire);
  return others[index % others.length] as Wire;
}

export async function runThroughGateway(one: Case, client: Wire): Promise<GatewayRun> {
  const { server: script, wire, keys, speed } = optionsOf(one);
  await using server = await faultServer(script);
  const clock = new FastClock(speed);
  await using factory = ModelFactory.parse(entry(wire, server.baseUrl(wire), keys), { env: {}, clock });
  const log: AccessRecord[] = [];
  const served = gateway({ factory, clock, accessLog: (record) => log.push(record) });
  const listening = await listen(served, "127.0.0.1", 0);
  let begun = false;
  const onEvent = one.method === "stream" ? () => (begun = true) : undefined;
  const outcome = await ASK[client](listening.url, "m", "Hello", onEvent).then(
    (heard) => ({ heard, error: undefined }),
    (error: unknown) => ({ heard: undefined, error }),
  );
  await listening.close();
  await server.expect({ closeWithin: CLOSE_WITHIN_MS });
  return { ...outcome, begun, requests: server.requests.length, timers: clock.pending, log };
}

/** Holds a run against what the call itself must come to. */
export function expectHeard(run: GatewayRun, client: Wire, outcome: Outcome): void {
  expect(run.log, "one line").toHaveLength(1);
  expect(run.log[0]?.defect).toBeUndefined();
  expect([run.requests, run.log[0]?.attempts]).toEqual([outcome.requests ?? 1, outcome.requests ?? 1]);
  expect(run.timers, "timers left behind").toBe(0);
  if (outcome.code === undefined) expectAnswer(run, client, outcome);
  else expectError(run, client, outcome);
}

function expectAnswer({ heard, error }: GatewayRun, client: Wire, { text, finish, toolCalls }: Outcome): void {
  expect(error).toBeUndefined();
  if (text !== undefined) expect(heard?.text).toBe(text);
  if (toolCalls !== undefined) expect(heard?.toolCalls).toEqual(toolCalls);
  const word = finish && FINISH[client][finish];
  if (word !== undefined) expect(heard?.finish).toBe(word);
}

const ERRORS = {
  openai: OpenAI.APIError,
  "openai-responses": OpenAI.APIError,
  anthropic: Anthropic.APIError,
  google: ApiError,
} as const;

function expectError({ heard, error, begun, log }: GatewayRun, client: Wire, { code, says = [] }: Outcome): void {
  expect(heard, "a wrong success").toBeUndefined();
  expect(error).toBeInstanceOf(ERRORS[client]);
  expect(error).not.toBeInstanceOf(OpenAI.APIConnectionError);
  expect(error).not.toBeInstanceOf(Anthropic.APIConnectionError);
  expect(log[0]?.code).toBe(code);
  const { status, message } = error as { status?: number; message: string };
  const { problem } = failureOf(new ModelError({ code: code as ModelError["code"], message: "" }));
  if (!begun) expect(status).toBe(GATEWAY_WIRES[client].problem(problem, "").status);
  if (code !== "context_too_long") for (const words of says) expect(message).toContain(words);
}
