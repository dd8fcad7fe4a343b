import { onTestFinished } from "vitest";
import { type Model, ModelFactory } from "../../src/index.ts";
import { entryFor } from "./recording-files.ts";
import { type Said, type SeenRequest, type WireServer, wireServer } from "./wire-server.ts";
import type { Wire } from "./wires.ts";

/** A server that is closed when the test ends. */
export async function serving(
  answer: (request: SeenRequest, index: number) => Said | undefined | Promise<Said | undefined>,
): Promise<WireServer> {
  const server = await wireServer(answer);
  onTestFinished(() => server.close());
  return server;
}

/**
 * A model of that wire at that origin, without retries unless `keys` set them; its factory is closed when the test
 * ends.
 */
export function modelAt(wire: Wire, origin: string, keys = ""): Model {
  const entry = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", origin, keys);
  const toml = keys.includes("num_retries") ? entry.replace("num_retries = 0\n", "") : entry;
  const factory = ModelFactory.parse(toml, { env: {} });
  onTestFinished(() => factory.close());
  return factory.get("asked");
}
