import type { Call } from "./core/call.ts";
import type { Dialect } from "./core/dialect.ts";
import { ModelError } from "./core/error.ts";
import type { Target } from "./core/target.ts";
import { anthropic } from "./dialects/anthropic/dialect.ts";
import { google } from "./dialects/google/dialect.ts";
import { openaiChat, openaiResponses } from "./dialects/openai/dialects.ts";

/** The wire formats, by the name `custom_llm_provider` takes. */
const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ["openai", openaiChat],
  ["openai-responses", openaiResponses],
  ["anthropic", anthropic],
  ["google", google],
]);

export const BUILT_IN: readonly string[] = [...DIALECTS.keys()];

export function dialectNamed(name: string): Dialect {
  const dialect = DIALECTS.get(name);
  if (dialect === undefined) throw new ModelError({ code: "unsupported", message: `there is no wire format "${name}"; there are ${BUILT_IN.join(", ")}` });
  return dialect;
}

/**
 * Sends a dialect's requests to an embedded simulator, started by the first of them: real HTTP on loopback.
 * `onStart` is told how to stop it.
 */
export function simulated(onStart: (stop: () => Promise<void>) => void): (dialect: Dialect) => Dialect {
  let starting: Promise<{ baseUrl(dialect: string): string }> | undefined;
  const start = async () => {
    const { startSimulator } = await import("./simulator/server.ts");
    const simulator = await startSimulator({ unref: true });
    onStart(() => simulator.close());
    return simulator as { baseUrl(dialect: string): string };
  };
  const wrapped = new Map<Dialect, Dialect>();
  const targets = new WeakMap<Target, Target>();
  const located = async (call: Call): Promise<Call> => {
    starting ??= start();
    const simulator = await starting;
    let target = targets.get(call.target);
    if (target === undefined) {
      const baseUrl = simulator.baseUrl(call.target.dialect);
      target = Object.freeze({ ...call.target, address: { ...call.target.address, baseUrl } });
      targets.set(call.target, target);
    }
    return { ...call, target };
  };
  return (dialect) => {
    const known = wrapped.get(dialect);
    if (known !== undefined) return known;
    const count = dialect.countTokens;
    const made: Dialect = {
      ...dialect,
      async *open(call) {
        yield* dialect.open(await located(call));
      },
      ...(count !== undefined && { countTokens: async (call: Call) => count(await located(call)) }),
    };
    wrapped.set(dialect, made);
    return made;
  };
}
