import {
  type Call,
  type CallOptions,
  type Dialect,
  type Events,
  type FlowEvent,
  type Model,
  ModelFactory,
  type Reply,
  type Transport,
} from "../../index.ts";
import { createTransport } from "../../transport/fetch.ts";
import { broken, type DialectContract, type Form } from "./contract.ts";
import { type Provider, startProvider } from "./provider.ts";

/** Sent as the API key, and searched for in errors. */
export const KEY = "contract-Zk4qT7wXn2-key";
export const MODEL_ID = "contract-model";
const NAME = "tested";

/** The tested dialect with a provider that answers as a check wants. */
export interface Workbench {
  readonly model: Model;
  readonly factory: ModelFactory;
  readonly provider: Provider;
  /** What the dialect yielded for the last call. */
  readonly events: readonly FlowEvent[];
  /** What the dialect threw in the last call. */
  readonly thrown: unknown;
  /** Requests through `call.transport`. */
  readonly sent: number;
}

export async function withDialect<T>(contract: DialectContract, use: (bench: Workbench) => Promise<T>): Promise<T> {
  const provider = await startProvider();
  const observed = observe(contract.dialect);
  const transport = counted(createTransport());
  const factory = ModelFactory.parse(tomlFor(contract, provider.url), {
    providers: { [NAME]: observed.dialect },
    transport,
    env: {},
  });
  const bench: Workbench = {
    model: factory.create(NAME),
    factory,
    provider,
    get events() {
      return observed.events;
    },
    get thrown() {
      return observed.thrown;
    },
    get sent() {
      return transport.sent;
    },
  };
  try {
    return await use(bench);
  } finally {
    await factory.close();
    await transport.close();
    await provider.close();
  }
}

function tomlFor({ entry, embed }: DialectContract, url: string): string {
  const keys = {
    ...{ name: MODEL_ID, provider: NAME, custom_llm_provider: NAME, base_url: url, api_key: KEY, num_retries: 0 },
    // A check fails many calls in a row.
    circuit_breaker: false,
    ...entry,
  };
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const capabilities = embed === undefined ? [] : ["capabilities = { embeddings = true }"];
  return [`[models.${NAME}]`, ...lines, ...capabilities].join("\n");
}

/** The dialect, with its events before any layer changes them. */
function observe(original: Dialect): { readonly dialect: Dialect; events: FlowEvent[]; thrown: unknown } {
  const observed = {
    dialect: Object.assign(Object.create(original) as Dialect, { open: (call: Call) => watch(call) }),
    events: [] as FlowEvent[],
    thrown: undefined as unknown,
  };
  async function* watch(call: Call): Events {
    observed.events = [];
    observed.thrown = undefined;
    try {
      for await (const batch of original.open(call)) {
        observed.events.push(...batch);
        yield batch;
      }
    } catch (error) {
      observed.thrown = error;
      throw error;
    }
  }
  return observed;
}

function counted(inner: Transport): Transport & { readonly sent: number } {
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    fetch(url, init) {
      sent += 1;
      return inner.fetch(url, init);
    },
    load: () => inner.load?.(),
    close: () => inner.close(),
  };
}

/** Calls the model in one form. A form without a stream does not ask for one. */
export async function ask(model: Model, form: Form, prompt = "Hello", options: CallOptions = {}): Promise<Reply> {
  return form === "stream" ? model.stream(prompt, options).reply : model.codegen(prompt, { stream: false, ...options });
}

const PATIENCE_MS = 3_000;

/** Fails a check that would otherwise wait forever. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(broken(what)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
