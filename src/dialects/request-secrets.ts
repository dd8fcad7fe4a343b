import type { Call } from "../core/call.ts";
import { SECRET_PARAMETER } from "../core/masked-address.ts";
import { Secret } from "../core/secret.ts";
import { isSecretName } from "../core/secret-name.ts";

/** Headers that say what is asked for; providers name their values in errors, and there they help. */
const PUBLIC_HEADER =
  /^(?:accept|anthropic-|openai-|content-|editor-|copilot-|http-referer$|referer$|user-agent$|x-title$)/i;

/**
 * What a failed answer must not repeat: every key of the target, headers of the entry and the call, and what its address
 * and its proxy's hold. Collected on the first failure only.
 */
export function requestSecrets(call: Call): () => readonly Secret[] {
  let secrets: readonly Secret[] | undefined;
  return () => {
    secrets ??= collect(call);
    return secrets;
  };
}

function collect({ credential, target, request }: Call): Secret[] {
  const headers = [...Object.entries(target.headers), ...Object.entries(request.extraHeaders)];
  return [
    ...(credential === undefined ? [] : [credential]),
    ...target.credentials.keys.filter((key) => key !== credential),
    ...headers.filter(([name]) => !PUBLIC_HEADER.test(name)).flatMap(([name, value]) => inHeader(name, value)),
    ...inBody(target.extraBody),
    ...inBody(request.extraBody),
    ...inAddress(target.address.baseUrl),
    ...(target.proxy === undefined ? [] : inAddress(target.proxy)),
  ];
}

/** Credentials among the fields that are added to a body: everything under such a name. */
function inBody(value: unknown, isSecret = false): Secret[] {
  if (typeof value === "string" || typeof value === "number") return isSecret ? [new Secret(String(value))] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => inBody(inner, isSecret || isSecretName(name)));
}

/** Shortest value under a name that promises nothing that is taken for a secret. */
const SHORTEST_UNNAMED = 8;

function inHeader(name: string, value: string): Secret[] {
  const bare = value.replace(/^(?:Bearer|Basic) /i, "");
  return isSecretName(name) || bare.length >= SHORTEST_UNNAMED ? [new Secret(bare)] : [];
}

/** A password goes out as base64 of user and password; a query as it is. */
function inAddress(address: string): Secret[] {
  if (!URL.canParse(address)) return [];
  const { username, password, searchParams } = new URL(address);
  const parameters = [...searchParams].filter(([name]) => SECRET_PARAMETER.test(name));
  const values = parameters.map(([, value]) => value);
  if (password === "") return values.map((value) => new Secret(value));
  const [user, word] = [decoded(username), decoded(password)];
  return [...values, word, Buffer.from(`${user}:${word}`).toString("base64")].map((value) => new Secret(value));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
