import type { Operation } from "../core/operation.ts";
import type { Secret } from "../core/secret.ts";
import type { Target } from "../core/target.ts";
import type { Transport } from "../core/transport.ts";

interface Kept<Client> {
  readonly transport: Transport;
  readonly credential: Secret | undefined;
  readonly client: Client;
}

/**
 * Caches the last SDK client of each target. With one key it is created once. With rotating keys it is created again for the
 * next key, which costs about 10 µs and keeps credentials out of the request options.
 */
export class ClientCache<Sdk, Client> {
  readonly #kept = new WeakMap<Target, Kept<Client>>();
  readonly #load: () => Promise<Sdk>;
  readonly #make: (sdk: Sdk, operation: Operation) => Client;
  #loading: Promise<Sdk> | undefined;
  #sdk: Sdk | undefined;

  constructor(load: () => Promise<Sdk>, make: (sdk: Sdk, operation: Operation) => Client) {
    this.#load = load;
    this.#make = make;
  }

  /** `undefined` once the SDK is loaded. */
  load(): Promise<unknown> | undefined {
    return this.#sdk === undefined ? this.#loaded() : undefined;
  }

  #loaded(): Promise<Sdk> {
    this.#loading ??= this.#load().then((sdk) => {
      this.#sdk = sdk;
      return sdk;
    });
    return this.#loading;
  }

  async clientFor(operation: Operation): Promise<Client> {
    const { target, transport, credential } = operation;
    const kept = this.#kept.get(target);
    if (kept !== undefined && kept.transport === transport && kept.credential === credential) return kept.client;
    const client = this.#make(this.#sdk ?? (await this.#loaded()), operation);
    this.#kept.set(target, { transport, credential, client });
    return client;
  }
}
