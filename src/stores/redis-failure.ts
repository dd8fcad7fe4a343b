/** Errors of Redis by their first word, and what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  NOAUTH: "it asks for a password; write redis://USER:PASSWORD@HOST:PORT",
  WRONGPASS: "it rejected the user or password of [state] url",
  NOPERM: "its user may not run these commands; allow EVAL, EVALSHA, INFO, and writing to the keys of [state] prefix",
  OOM: "its memory is full; raise maxmemory",
  READONLY: "it is a replica; set the address of the primary",
  LOADING: "it is loading its data; try again in a moment",
  MISCONF: "it cannot save to its disk, and refuses to write; check the disk",
  BUSY: "a script of another program is running; try again in a moment",
  CLUSTERDOWN: "its cluster is down",
  MASTERDOWN: "its primary is down",
  SETTLED: "the attempt was already admitted",
};

/** Errors of sockets. */
const ADVICE_OF_SOCKET: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused; start it, or check [state] url",
  ENOTFOUND: "host not found; check [state] url",
  EAI_AGAIN: "host not found; check [state] url and the network",
  ETIMEDOUT: "it cannot be reached; check [state] url and the network",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "it cannot be reached; check [state] url and the network",
};

/** What went wrong, without arguments of commands. */
export function failureWords(error: Error): string {
  const { code = "" } = error as Error & { readonly code?: string };
  const word = /^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? "";
  return ADVICE_OF_SOCKET[code] ?? ADVICE[word] ?? (error.name === "ReplyError" ? error.message : "connection lost");
}

const MIN_VERSION = [6, 2] as const;

/** Why a server cannot hold counters, from its INFO. Valkey reports the version of Redis that it is compatible with. */
export function serverProblem(info: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  if (field("loading") === "1") return ADVICE["LOADING"];
  const version = field("redis_version");
  if (version !== undefined && isOlder(version))
    return `version ${version} is too old; use Redis ${MIN_VERSION.join(".")} or newer, or Valkey`;
  const policy = field("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction")
    return `maxmemory-policy is ${policy}, which may delete counters; set it to noeviction`;
  return undefined;
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1]);
}
