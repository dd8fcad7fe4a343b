import { checkedScript } from "./check-script.ts";
import { checkedExpectation, type FaultExpectation } from "./expectation.ts";
import type { RequestMatch } from "./match.ts";
import type { FaultScript, LineEnd } from "./step.ts";
import { type CertificateKind, TEST_CERTIFICATES } from "./test-certificates.ts";

export interface FaultServerOptions {
  /** One script for each request, in order of arrival; the last one repeats. Default: `[[["okjson"]]]`. */
  readonly attempts?: readonly FaultScript[];
  /** Checked before `attempts`: the first matching route uses its own scripts and counts its own requests. */
  readonly routes?: readonly FaultRoute[];
  /** Writes every response in segments of this many bytes, regardless of its script. */
  readonly split?: number;
  /** Line end of every event, regardless of its script. */
  readonly eol?: LineEnd;
  /** Keep connections alive. Default: each response ends its connection. */
  readonly keepAlive?: boolean;
  /** Use TLS, with this certificate for localhost. Default of `cert`: `good`. */
  readonly tls?: { readonly cert?: CertificateKind };
  /** Accept no connection: `refuse` answers with a reset, `blackhole` never answers. */
  readonly connect?: "refuse" | "blackhole";
  /** The expectations that `expect()` checks. */
  readonly expect?: FaultExpectation;
}

export interface FaultRoute {
  readonly match: RequestMatch;
  readonly attempts: readonly FaultScript[];
}

const KEYS = ["attempts", "routes", "split", "eol", "keepAlive", "tls", "connect", "expect"];
const HEALTHY: readonly FaultScript[] = [[["okjson"]]];

/** Validates options, which may come from JSON. Throws a TypeError that names the problem. */
export function checkedOptions(options: FaultServerOptions): FaultServerOptions {
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw new TypeError(`unknown option ${JSON.stringify(unknown)}; known options: ${KEYS.join(", ")}`);
  const attempts = checkedAttempts(options.attempts ?? HEALTHY, "attempts");
  for (const [index, route] of (options.routes ?? []).entries())
    checkedAttempts(route.attempts, `routes[${index}].attempts`);
  if (options.split !== undefined) checkedScript([["split", options.split]], "split");
  if (options.eol !== undefined) checkedScript([["eol", options.eol]], "eol");
  if (options.expect !== undefined) checkedExpectation(options.expect);
  oneOf("tls.cert", options.tls?.cert, Object.keys(TEST_CERTIFICATES));
  oneOf("connect", options.connect, ["refuse", "blackhole"]);
  return { ...options, attempts };
}

function checkedAttempts(attempts: readonly FaultScript[], place: string): readonly FaultScript[] {
  if (!Array.isArray(attempts) || attempts.length === 0)
    throw new TypeError(`${place}: must be an array of at least one script`);
  return attempts.map((script, index) => checkedScript(script, `${place}[${index}]`));
}

function oneOf(place: string, value: string | undefined, words: readonly string[]): void {
  if (value !== undefined && !words.includes(value))
    throw new TypeError(`${place}: must be one of ${words.join(", ")}`);
}
