/**
 * Names of headers, parameters, fields and keys whose values are credentials. `max_tokens`, `auth_header`, `author` and
 * `passage` are not among them.
 */
const SECRET_NAME =
  /key|token(?!s)|secret|pass(?:$|[-_]|w(?:or)?d|phrase|code)|auth(?!or(?!iz)|[-_]?header)|cookie|credential|signature|(?:^|[-_])sig$|session|bearer|jwt/i;

/** The one definition for errors, logs, `explain`, excerpts of a file and `model.config`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
