import type { WireName } from "../../core/wire-name.ts";

/** One step of a script: its name and what it takes. Scripts are plain JSON. */
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

/** `flush`: what each step wrote can be read at once. `once`: all of it at the end. `cut`: the end never comes. */
export type GzipMode = "flush" | "once" | "cut";

/** How much a window lets through; it refills evenly. */
export interface RateLimits {
  readonly requests?: number;
  /** Counted as a quarter of the request's bytes and the answer it asks for. */
  readonly tokens?: number;
  /** Default a minute. */
  readonly windowMs?: number;
}

/** What happens to one request. */
export type FaultScript = readonly FaultStep[];
