import type { AuthHeader, Quirks } from "../core/target.ts";
import type { WireName } from "../core/wire-name.ts";

/** Where a provider is, how it is spoken to, and where it differs from the plain wire format. */
export interface ProviderRow {
  readonly id: string;
  /** Name for people. */
  readonly label: string;
  readonly dialect: WireName;
  /** The SDK's own base: OpenAI wires with `/v1`, Anthropic and Gemini without a version; undefined: the entry must give one. */
  readonly baseUrl: string | undefined;
  /** Has an address for each location, and this location where the entry names none. */
  readonly location?: string;
  /** Has dated versions, which `api_version` names; without one, its API is under this path. */
  readonly undatedPath?: string;
  /** Shape of the address where `baseUrl` is undefined, for error messages. */
  readonly baseUrlShape?: string;
  /** Environment variables a key is usually kept in, the first that is set wins. */
  readonly keyEnv: readonly string[];
  /** Served by this process, which knows the address once the server runs. */
  readonly embedded?: boolean;
  /** Each model is served over the wire that its facts name; hosts that copy an API have one wire for all. */
  readonly wireByModel?: boolean;
  /** Uses a model's own chat template unchanged, also one that ends the prompt inside the thoughts. */
  readonly rawChatTemplate?: boolean;
  /** Works without a key. */
  readonly keyless?: boolean;
  readonly auth: AuthHeader;
  readonly quirks: Quirks;
  /** Sent with every request; an entry's `extra_headers` win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes short-lived tokens, always as `Authorization: Bearer`, whatever header its keys go in. */
  readonly tokenHook?: boolean;
  /** The provider's own description of its API; the source of the quirks. */
  readonly docs: string;
}
