const MASK = "[secret]";
/** Names of query parameters and fields under which credentials go. */
export const SECRET_PARAMETER = /key|token|secret|auth|pass|sig|code|credential/i;

/** An address for display: without user, password, and the parameters that may hold a credential. */
export function maskedAddress(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, `$1${MASK}@`)
    .replace(/([?&])([^=&#?\s]+)=[^&#\s]+/g, (whole, before: string, name: string) =>
      SECRET_PARAMETER.test(name) ? `${before}${name}=${MASK}` : whole,
    );
}
