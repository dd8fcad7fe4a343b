import { onTestFinished } from "vitest";
import { type FactoryOptions, isModelError, type Model, type ModelError, ModelFactory } from "../../src/index.ts";
import { type FaultServer, type FaultServerOptions, faultServer } from "../../src/testing/index.ts";
import { testOf } from "./cases.ts";
import { entry, type Wire } from "./run-script.ts";

/** A fault server that ends with the test. */
export async function serving(options: FaultServerOptions): Promise<FaultServer> {
  const server = await faultServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** A factory for one entry `m`, without retries unless `keys` say so; it ends with the test. */
export function factoryAt(
  base: string,
  keys = "",
  { wire = "openai", ...options }: FactoryOptions & { readonly wire?: Wire } = {},
): ModelFactory {
  const retries = /^num_retries\b/m.test(keys) ? keys : `num_retries = 0\n${keys}`;
  const factory = ModelFactory.parse(entry(wire, base, retries), { env: {}, ...options });
  onTestFinished(() => factory.close());
  return factory;
}

export function modelAt(
  server: FaultServer,
  keys = "",
  options: FactoryOptions & { readonly wire?: Wire } = {},
): Model {
  return factoryAt(server.baseUrl(options.wire ?? "openai"), keys, options).get("m");
}

/** The ModelError something ends with; anything else fails the test. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<ModelError> {
  const error = await Promise.resolve(promise).then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (isModelError(error)) return error;
  throw error;
}

/** Waits for what another event brings about, at most five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > 5_000) throw new Error("the condition never came true");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export const chunk = (content: string, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});

/** The test of a row that is no script. */
export function faultTest(id: string, name: string, run: () => Promise<void>, timeoutMs?: number): void {
  testOf(id)(`${id}: ${name}`, run, timeoutMs);
}
