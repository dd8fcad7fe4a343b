import { expect } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import type { ModelError } from "../../src/core/error.ts";
import type { Input } from "../../src/core/input.ts";
import type { Reply } from "../../src/core/reply.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import type { CallOptions } from "../../src/model/options.ts";
import type { RecordedRequest, Simulator } from "../../src/simulator/server.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

export { factoryOf, simulate };

export const PROMPT = "Say hello in json.";

/** How a model nobody knows is reached over each wire, so that no fact of the catalog holds anything back. */
const ROUTES: Readonly<Record<Wire, string>> = {
  openai: 'provider = "openai"',
  "openai-responses": 'provider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'provider = "anthropic"\napi_version = "2023-06-01"',
  google: 'provider = "google"',
};

/** The table of one entry; `lines` are further keys. */
export function entry(
  wire: Wire,
  simulator: Simulator,
  lines = "",
  { table = "main", name = "some-model" } = {},
): string {
  const own = lines.includes("base_url =") ? "" : `base_url = "${simulator.baseUrl(wire)}"`;
  const change = lines.includes("modify_params =") ? "" : "modify_params = true";
  return `[models.${table}]\nname = "${name}"\napi_key = "test-key"\n${ROUTES[wire]}\n${own}\n${change}\n${lines}\n`;
}

export interface Asked {
  readonly reply: Reply | undefined;
  readonly error: ModelError | undefined;
  /** Requests of this call, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
}

export interface Question {
  readonly input?: Input;
  readonly call?: CallOptions;
  readonly options?: FactoryOptions;
  readonly model?: string;
}

/** One codegen call of a models.toml, and the requests it led to. */
export async function ask(simulator: Simulator, toml: string, question: Question = {}): Promise<Asked> {
  const { input = PROMPT, call, options, model } = question;
  const before = simulator.requests.length;
  const outcome = await factoryOf(toml, options).create(model).safeCodegen(input, call);
  const requests = simulator.requests.slice(before);
  return outcome.ok
    ? { reply: outcome.reply, error: undefined, requests }
    : { reply: undefined, error: outcome.error, requests };
}

/** The answer and the one request it took. */
export async function answered(
  simulator: Simulator,
  toml: string,
  question: Question = {},
): Promise<{ reply: Reply; request: RecordedRequest; body: unknown }> {
  const { reply, error, requests } = await ask(simulator, toml, question);
  if (reply === undefined) throw error;
  expect(requests).toHaveLength(1);
  const [request] = requests as [RecordedRequest];
  return { reply, request, body: request.body };
}

/** What a key does on a wire: these fields of the body, left out of it, or accounted for in words. */
export type Effect = object | "dropped" | "reported" | "nothing";
export type Effects = Readonly<Record<Wire, Effect>>;

/**
 * Sees a key on all four wires. Without its lines the body must lack what they bring; what a wire has no place for must
 * be in `reply.adjustments`.
 */
export function onEveryWire(
  lines: string,
  effects: Effects,
  { without = "", setting = lines.split(" ")[0] } = {},
): () => Promise<void> {
  return async () => {
    const simulator = await simulate();
    for (const wire of WIRES) {
      const plain = await answered(simulator, entry(wire, simulator, without));
      const keyed = await answered(simulator, entry(wire, simulator, lines));
      const effect = effects[wire];
      if (typeof effect === "object") {
        expect(keyed.body, wire).toMatchObject(effect);
        expect(plain.body, wire).not.toMatchObject(effect);
        continue;
      }
      expect(keyed.body, wire).toEqual(plain.body);
      const reported = keyed.reply.adjustments.filter((adjustment) => adjustment.setting === setting);
      expect(reported, wire).toHaveLength(effect === "nothing" ? 0 : 1);
      if (effect === "dropped") expect(reported[0]?.to, wire).toBeUndefined();
    }
  };
}

/** A clock that does not wait: it notes every wait below a minute and a half and jumps over it; longer ones never end. */
export class JumpingClock implements Clock {
  readonly waits: number[] = [];
  #nowMs = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  jump(ms: number): void {
    this.#nowMs += ms;
  }

  schedule(run: () => void, delayMs: number): () => void {
    if (delayMs >= 90_000) return () => {};
    const timer = setImmediate(() => {
      this.waits.push(delayMs);
      this.#nowMs += delayMs;
      run();
    });
    return () => clearImmediate(timer);
  }
}
