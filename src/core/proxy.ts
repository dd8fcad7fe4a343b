import * as net from "node:net";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL: the configured one, or for https the environment's. NO_PROXY exempts hosts from both. Variables are
 * interpreted like in curl and undici: lower case first, an empty one does not hide the other, a URL without a scheme is http.
 */
export function proxyFor(own: string | undefined, address: string, env: Environment): string | undefined {
  if (!URL.canParse(address)) return own;
  const url = new URL(address);
  const proxy = own ?? (url.protocol === "https:" ? usualProxy(env) : undefined);
  if (proxy === undefined) return undefined;
  const host = { name: bareName(url.hostname), port: url.port || DEFAULT_PORTS[url.protocol] };
  const exempt = (variable("no_proxy", env) ?? "").split(/[,\s]+/).filter((entry) => entry !== "");
  return exempt.some((entry) => isExempt(host, entry)) ? undefined : proxy;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

interface Host {
  readonly name: string;
  readonly port: string | undefined;
}

function variable(name: string, env: Environment): string | undefined {
  return env[name]?.trim() || env[name.toUpperCase()]?.trim() || undefined;
}

/** Values that are not an HTTP proxy are ignored; the variable may be for other programs. */
function usualProxy(env: Environment): string | undefined {
  const value = variable("https_proxy", env);
  if (value === undefined) return undefined;
  const proxy = value.includes("://") ? value : `http://${value}`;
  return /^(?:https?|socks5?):\/\//.test(proxy) && URL.canParse(proxy) ? proxy : undefined;
}

/** A host name without the brackets of IPv6 and the trailing dot of a fully qualified name. */
function bareName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.+)\]$/, "$1")
    .replace(/(?<=.)\.$/, "");
}

/** `host`, `.domain` and `domain` (with their subdomains), `*.domain` (subdomains only), `*`, an address or CIDR range, each with an optional port. */
function isExempt(host: Host, entry: string): boolean {
  const { name, port } = splitPort(entry);
  if (port !== undefined && port !== host.port) return false;
  const pattern = bareName(name);
  if (pattern === "*") return true;
  if (net.isIP(host.name) !== 0) return isWithin(host.name, pattern);
  if (pattern.startsWith("*.")) return host.name.endsWith(pattern.slice(1));
  const domain = pattern.replace(/^\./, "");
  return domain !== "" && (host.name === domain || host.name.endsWith(`.${domain}`));
}

/** An IPv6 address has a port only after its brackets. */
function splitPort(entry: string): { readonly name: string; readonly port?: string } {
  const colon = entry.lastIndexOf(":");
  const port = entry.slice(colon + 1);
  const isSplit = entry.startsWith("[") ? entry[colon - 1] === "]" : colon === entry.indexOf(":");
  return colon >= 0 && isSplit && /^\d+$/.test(port) ? { name: entry.slice(0, colon), port } : { name: entry };
}

function isWithin(address: string, range: string): boolean {
  const [start = "", bits] = range.split("/");
  const family = familyOf(start);
  if (family === undefined || family !== familyOf(address)) return false;
  const most = family === "ipv4" ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > most) return false;
  const list = new net.BlockList();
  list.addSubnet(start, length, family);
  return list.check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  return ({ 4: "ipv4", 6: "ipv6" } as const)[net.isIP(address) as 4 | 6];
}
