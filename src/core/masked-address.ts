import { isSecretName } from "./secret-name.ts";

const MASK = "[secret]";

const USER = /:\/\/([^/?#\s]+)@/g;
const PARAMETER = /([?&#])([^=&#?\s]+)=([^&#\s]+)/g;

/** A URL, or text with URLs, for display: without user names, passwords and query parameters that are credentials. */
export function maskedAddress(text: string, mask = MASK): string {
  return text
    .replace(USER, `://${mask}@`)
    .replace(PARAMETER, (whole, before: string, name: string) =>
      isSecretName(decoded(name)) ? `${before}${name}=${mask}` : whole,
    );
}

/** The parts of a text that `maskedAddress` masks, in every encoding in which a server may repeat them. */
export function addressSecrets(text: string): string[] {
  const spelled = URL.canParse(text) ? `${text} ${new URL(text).href}` : text;
  const users = [...spelled.matchAll(USER)].flatMap(([, user = ""]) => userSecrets(user));
  const values = [...spelled.matchAll(PARAMETER)]
    .filter(([, , name = ""]) => isSecretName(decoded(name)))
    .flatMap(([, , , value = ""]) => [value, unquoted(value)])
    .flatMap((value) => [value, decoded(value), decoded(value.replaceAll("+", " "))]);
  return [...new Set([...users, ...values])];
}

/** A user name without a password counts as a token from this length on. */
const MIN_TOKEN_LENGTH = 8;

/** A password is sent unchanged, or as base64 of user and password. */
function userSecrets(user: string): string[] {
  const at = user.indexOf(":");
  const [name, password] = at < 0 ? [user, ""] : [user.slice(0, at), user.slice(at + 1)];
  if (password === "") return name.length < MIN_TOKEN_LENGTH ? [] : [name, decoded(name)];
  const basic = Buffer.from(`${decoded(name)}:${decoded(password)}`).toString("base64");
  return [password, decoded(password), basic];
}

/** In JSON or HTML, the URL ends at the quote. */
function unquoted(value: string): string {
  return value.replace(/["'<>\\].*$/s, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
