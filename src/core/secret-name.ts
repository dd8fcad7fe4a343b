/**
 * Matches names of headers, parameters, fields and keys whose values are credentials, but not `max_tokens`, `auth_header`,
 * `author`, `passage` or `idempotency-key`.
 */
const SECRET_NAME =
  /(?<!idempotency[-_]?)key|token(?!s)|secret|pwd|pass(?:$|[-_]|w(?:or)?d|phrase|code)|(?:^|[-_])(?:pw|sig)$|(?:^|access|client|device|function|user)[-_]?code$|auth(?!or(?!iz)|[-_]?header)|cookie|credential|signature|session|bearer|jwt/i;

/** Used for errors, logs, `explain`, file excerpts, `model.config` and recorded requests. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Tables and URLs of an entry that may contain a credential under any name. */
const HOLDS_SECRETS = /proxy|headers|body/i;

export function mayHoldSecrets(name: string): boolean {
  return isSecretName(name) || HOLDS_SECRETS.test(name);
}
