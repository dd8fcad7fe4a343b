import { onTestFinished } from "vitest";
import { type FactoryOptions, type Model, ModelFactory } from "../../src/index.ts";
import { type FaultServer, type FaultServerOptions, faultServer } from "../../src/testing/index.ts";
import type { Wire } from "../harness/wires.ts";
import { testOf } from "./cases.ts";
import { entry } from "./run-script.ts";

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

export const chunk = (content: string, finish: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});

/** The test of a row that is no script. */
export function faultTest(id: string, name: string, run: () => Promise<void>, timeoutMs?: number): void {
  testOf(id)(`${id}: ${name}`, run, timeoutMs);
}
