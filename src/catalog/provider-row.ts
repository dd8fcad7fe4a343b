import type { AuthHeader, Quirks } from "../core/target.ts";
import type { WireName } from "../core/wire-name.ts";

/** The URL of a provider, its wire format, and its differences from the standard. */
export interface ProviderRow {
  readonly id: string;
  /** Display name. */
  readonly label: string;
  readonly dialect: WireName;
  /** The SDK's base URL: OpenAI wires with `/v1`, Anthropic and Gemini without a version; undefined: the entry must set it. */
  readonly baseUrl: string | undefined;
  /** The default location of a provider with a URL per location. */
  readonly location?: string;
  /** The API path without a dated version (`api_version`). */
  readonly undatedPath?: string;
  /** Format of the URL if `baseUrl` is undefined, for error messages. */
  readonly baseUrlShape?: string;
  /** Default environment variables of the key; the first one that is set is used. */
  readonly keyEnv: readonly string[];
  /** Served by this process, which knows the URL once the server runs. */
  readonly embedded?: boolean;
  /** Each model has its own wire format, from the catalog; compatible hosts use one for all models. */
  readonly wireByModel?: boolean;
  /** Uses a model's chat template unchanged, including one that ends the prompt with `<think>`. */
  readonly rawChatTemplate?: boolean;
  /** Works without a key. */
  readonly keyless?: boolean;
  readonly auth: AuthHeader;
  readonly quirks: Quirks;
  /** Sent with every request; an entry's `extra_headers` take precedence. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that only the user can set, in lower case, each with its meaning: names of a program are not shipped. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  /** Supports short-lived tokens, always as `Authorization: Bearer`, even if keys use another header. */
  readonly tokenHook?: boolean;
  /** The provider's API reference; the source of the quirks. */
  readonly docs: string;
}
