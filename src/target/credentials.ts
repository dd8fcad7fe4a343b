import type { ProviderRow } from "../catalog/providers.ts";
import { SIMULATOR } from "../config/layering.ts";
import type { EntryConfig } from "../config/load.ts";
import { ModelError } from "../core/error.ts";
import { own } from "../core/own.ts";
import { Secret } from "../core/secret.ts";
import type { AuthHeader, Credentials, Token } from "../core/target.ts";
import { credentialRemedy } from "./credential-remedy.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

type Hooks = Pick<ResolveContext, "tokens">;

/** Whether an entry needs a key. A provider that is not in the catalog may work without one. */
export function needsKey({ provider }: EntryConfig, row: ProviderRow | undefined, { tokens }: Hooks): boolean {
  const hooked = own(tokens, provider) !== undefined;
  if (provider === SIMULATOR || hooked || row === undefined) return false;
  return row.keyless !== true && row.auth !== "none";
}

/** The default header of unknown providers by wire format, if it is not a bearer token. */
const AUTH_BY_WIRE: Readonly<Record<string, AuthHeader>> = { google: "x-goog-api-key" };

/** The header of the credential. */
export function authOf({ entry, declared, row }: ResolvedEntry, dialect: string, { tokens }: Hooks): AuthHeader {
  if (entry.authHeader !== undefined) return entry.authHeader;
  if (row === undefined) return own(AUTH_BY_WIRE, dialect) ?? "bearer";
  const hooked = own(tokens, declared.provider) !== undefined;
  return hooked && row.tokenHook === true ? "bearer" : row.auth;
}

export function credentialsOf(source: ResolvedEntry, context: ResolveContext): Credentials {
  const { entry, simulated } = source;
  if (simulated) return { keys: [] };
  const hook = own(context.tokens, entry.provider);
  const keys = (entry.apiKey ?? []).map((key) => new Secret(key));
  const remedy = credentialRemedy(source, hook !== undefined, context);
  if (hook === undefined) return { keys, remedy };
  return { keys, remedy, token: async () => tokenOf(await hook({ provider: entry.provider, model: entry.entry })) };
}

/** Smaller values are seconds: as milliseconds they would be in 1973. */
const FEWEST_MS = 100_000_000_000;

/** Validates the result of a hook. */
function tokenOf(given: unknown): Token {
  const { token, expiresAt } =
    typeof given === "object" && given !== null ? (given as Partial<Token>) : { token: given };
  if (typeof token !== "string" || token === "") throw badToken("it must return a string or { token, expiresAt }");
  if (expiresAt === undefined) return { token };
  if (typeof expiresAt !== "number" || !(expiresAt >= FEWEST_MS))
    throw badToken("expiresAt must be milliseconds since 1970: seconds times 1000");
  return { token, expiresAt };
}

function badToken(message: string): ModelError {
  return new ModelError({ code: "unauthorized", message, shouldRetry: false });
}
