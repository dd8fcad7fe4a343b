import { expect, onTestFinished } from "vitest";
import { type FactoryOptions, ModelFactory } from "../../src/index.ts";
import {
  type RecordedRequest,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../src/simulator/server.ts";
import {
  hasOpenaiSchema,
  validateChatRequest,
  validateEmbeddingRequest,
  validateResponsesRequest,
} from "./openai-schema.ts";
import { isCheckedAgain } from "./selection.ts";

/** Sent deliberately by the tests of `allow` and `extra_body`, although OpenAI has no such fields. */
const FOREIGN: readonly string[] = ["top_k", "one", "both", "safe_prompt", "nested", "custom"];

/**
 * A provider on loopback, closed when the test ends. Every OpenAI body that it accepted must also match OpenAI's own
 * API description.
 */
export async function simulate(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await simulateUnchecked(options);
  onTestFinished(() => {
    if (simulator.requests.some(isOpenai))
      expect(isCheckedAgain(expect.getState().testPath as string), "CHECKED_AGAIN in test/harness/selection.ts").toBe(
        true,
      );
    if (hasOpenaiSchema) for (const request of simulator.requests) validateRecorded(request);
  });
  return simulator;
}

/** A provider for bodies that OpenAI does not describe. */
export async function simulateUnchecked(options?: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator(options);
  onTestFinished(() => simulator.close());
  return simulator;
}

const isOpenai = ({ wire, status, method }: RecordedRequest) =>
  status === 200 && method === "POST" && wire.startsWith("openai");

function validateRecorded({ wire, path, body, status }: RecordedRequest): void {
  if (status !== 200 || typeof body !== "object" || body === null) return;
  const own = Object.fromEntries(Object.entries(body).filter(([field]) => !FOREIGN.includes(field)));
  if (wire === "openai" && path.includes("/chat/completions")) validateChatRequest(own);
  if (wire === "openai" && path.endsWith("/embeddings")) validateEmbeddingRequest(own);
  if (wire === "openai-responses" && path.endsWith("/responses")) validateResponsesRequest(own);
}

/** A factory without an environment, closed when the test ends. */
export function factoryOf(toml: string, options: FactoryOptions = {}): ModelFactory<Record<never, never>> {
  const factory = ModelFactory.parse(toml, { env: {}, ...options });
  onTestFinished(() => factory.close());
  return factory;
}
