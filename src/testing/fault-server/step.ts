import type { WireName } from "../../core/wire-name.ts";

/** One step of a script: its name and arguments. Scripts are plain JSON. */
export type FaultStep =
  | readonly ["status", code: number, headers?: Readonly<Record<string, string>>]
  | readonly ["json", body: unknown]
  | readonly ["sse", framing?: "chunked"]
  | readonly ["data", body: unknown]
  | readonly ["event", name: string, body: unknown]
  | readonly ["raw", text: string]
  | readonly ["raw!", text: string]
  | readonly ["hex", bytes: string]
  | readonly ["hexdata", bytes: string]
  | readonly ["split", bytes: number, gapMs?: number]
  | readonly ["eol", lineEnd: LineEnd]
  | readonly ["gzip", mode?: GzipMode]
  | readonly ["wait", ms: number]
  | readonly ["hang"]
  | readonly ["rst"]
  | readonly ["fin"]
  | readonly ["end"]
  | readonly ["repeat", times: number, step: FaultStep, gapMs?: number]
  | readonly ["bigdelta", bytes: number]
  | readonly ["okjson"]
  | readonly ["okstream", wire?: WireName]
  | readonly ["barrier", name: string, requests: number]
  | readonly ["rate", limits: RateLimits]
  | readonly ["proxy407"]
  | readonly ["tunnel"];

export type LineEnd = "\n" | "\r\n" | "\r";

/** `flush`: the output of each step can be decoded at once. `once`: everything at the end. `cut`: without the end. */
export type GzipMode = "flush" | "once" | "cut";

/** The limits of a window, refilled continuously. */
export interface RateLimits {
  readonly requests?: number;
  /** A request counts as a quarter of its bytes plus its maximum output tokens. */
  readonly tokens?: number;
  /** Default: one minute. */
  readonly windowMs?: number;
}

/** The steps for one request. */
export type FaultScript = readonly FaultStep[];
