import { addressSecrets } from "../core/masked-address.ts";
import type { Operation } from "../core/operation.ts";
import { Secret } from "../core/secret.ts";
import { isSecretName } from "../core/secret-name.ts";
import { valueSecrets } from "../core/value-secrets.ts";

/** Headers without secrets; providers quote their values in errors, which is useful. */
const PUBLIC_HEADER =
  /^(?:accept|anthropic-|openai-|content-|editor-|copilot-|http-referer$|referer$|user-agent$|x-title$)/i;

/**
 * The secrets that an error must not contain: every key of the target, headers of the entry and the request, and credentials
 * in its URL and proxy URL. Collected only on the first failure.
 */
export function requestSecrets(operation: Operation): () => readonly Secret[] {
  let secrets: readonly Secret[] | undefined;
  return () => {
    secrets ??= collect(operation);
    return secrets;
  };
}

function collect({ credential, target, request }: Operation): Secret[] {
  const headers = [...Object.entries(target.headers), ...Object.entries(request?.extraHeaders ?? {})];
  const values = [
    ...headers.filter(([name]) => !PUBLIC_HEADER.test(name)).flatMap(([name, value]) => inHeader(name, value)),
    ...headers.flatMap(([, value]) => addressSecrets(value)),
    ...[target.extraBody, request?.extraBody, request?.settings.metadata].flatMap((fields) => valueSecrets(fields)),
    ...addressSecrets(target.address.baseUrl),
    ...(target.proxy === undefined ? [] : addressSecrets(target.proxy)),
  ];
  return [
    ...(credential === undefined ? [] : [credential]),
    ...target.credentials.keys.filter((key) => key !== credential),
    ...values.map((value) => new Secret(value)),
  ];
}

/** Minimum length of a value that counts as a secret, for names that do not indicate one. */
const MIN_UNNAMED_LENGTH = 8;

function inHeader(name: string, value: string): string[] {
  const bare = value.replace(/^(?:Bearer|Basic) /i, "");
  return isSecretName(name) || bare.length >= MIN_UNNAMED_LENGTH ? [bare] : [];
}
