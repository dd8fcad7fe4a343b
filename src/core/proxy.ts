type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy that is configured, or `HTTPS_PROXY` for https addresses; `NO_PROXY` exempts hosts from both, as everywhere else. */
export function proxyFor(own: string | undefined, address: string, env: Environment): string | undefined {
  if (!URL.canParse(address)) return own;
  const { hostname, protocol } = new URL(address);
  const proxy = own ?? (protocol === "https:" ? usualProxy(env) : undefined);
  if (proxy === undefined) return undefined;
  const exempt = (env["NO_PROXY"] ?? env["no_proxy"] ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  const matches = exempt.some(
    (host) => host === "*" || hostname === host || hostname.endsWith(host.startsWith(".") ? host : `.${host}`),
  );
  return matches ? undefined : proxy;
}

/** Something that is no address there is the business of other programs. */
function usualProxy(env: Environment): string | undefined {
  const proxy = env["HTTPS_PROXY"] ?? env["https_proxy"] ?? "";
  return /^https?:\/\//.test(proxy) && URL.canParse(proxy) ? proxy : undefined;
}
