import { onTestFinished } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import type { AccessRecord } from "../../src/gateway/access-log.ts";
import { type Gateway, gateway } from "../../src/gateway/gateway.ts";
import { listen, type Patience } from "../../src/gateway/node-server.ts";
import type { FactoryOptions, ModelFactory } from "../../src/index.ts";
import type { Simulator, SimulatorOptions } from "../../src/simulator/server.ts";
import { factoryOf, simulate, simulateUnchecked } from "../harness/simulated.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import type { Client } from "./clients/client.ts";
import { clientsAt } from "./clients.ts";

/** How the entry of each wire is reached; its name in models.toml is that of the wire. */
const ROUTES: Readonly<Record<Wire, string>> = {
  openai: 'provider = "openai"\nname = "gpt-4.1"',
  "openai-responses": 'provider = "openai"\nname = "gpt-5.1"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'provider = "anthropic"\nname = "claude-sonnet-4-5"',
  google: 'provider = "google"\nname = "gemini-2.5-flash"',
};

export interface World {
  readonly url: string;
  readonly gateway: Gateway;
  readonly factory: ModelFactory<Record<never, never>>;
  readonly simulator: Simulator;
  readonly clients: Readonly<Record<Wire, Client>>;
  /** The access log. */
  readonly log: readonly AccessRecord[];
  /** Stops the server, as SIGTERM does. */
  close(): Promise<void>;
  post(
    path: string,
    body: object | string,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Response>;
}

export interface WorldOptions {
  /** Keys of every entry. */
  readonly lines?: string;
  /** Further tables; BASE is the address of the simulator, for wires without a version in it. */
  readonly toml?: string;
  readonly simulator?: SimulatorOptions;
  /** Whether OpenAI bodies may have what OpenAI's description lacks. */
  readonly isUnchecked?: boolean;
  readonly factory?: FactoryOptions;
  readonly clock?: Clock;
  readonly patience?: Patience;
}

/** A gateway on a port, with an entry for each wire format at a simulator. */
export async function world(options: WorldOptions = {}): Promise<World> {
  const { lines = "num_retries = 0", toml = "", clock, patience } = options;
  const simulator = await (options.isUnchecked ? simulateUnchecked : simulate)(options.simulator);
  const entries = WIRES.map(
    (wire) =>
      `[models.${wire}]\n${ROUTES[wire]}\nbase_url = "${simulator.baseUrl(wire)}"\napi_key = "test-key"\n${lines}\n`,
  );
  const tables = toml.replaceAll("BASE", simulator.url);
  const factory = factoryOf(`${tables}\n${entries.join("\n")}`, { ...(clock && { clock }), ...options.factory });
  const log: AccessRecord[] = [];
  const served = gateway({ factory, accessLog: (record) => log.push(record), ...(clock && { clock }) });
  const server = await listen(served, "127.0.0.1", 0, patience);
  onTestFinished(() => server.close());
  const { url } = server;
  return {
    ...{ url, gateway: served, factory, simulator, clients: clientsAt(url), log, close: server.close },
    post: (path, body, headers = {}, signal) =>
      fetch(url + path, {
        method: "POST",
        ...(signal && { signal }),
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}

/** The entry `m` at a host of the test. */
export function hostEntry(wire: Wire, baseUrl: string, keys = "num_retries = 0"): string {
  return `
[models.m]
name = "some-model"
provider = "some-host"
custom_llm_provider = "${wire}"
base_url = "${baseUrl}"
api_key = "test-key"
${keys}
`;
}

export const CHAT = "/v1/chat/completions";

export function chatBody(model: string, more: object = {}): object {
  return { model, messages: [{ role: "user", content: "Hello" }], ...more };
}
