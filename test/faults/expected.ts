import type { Expectation } from "./expectation.ts";
import { CLIENT, CONTENT, MONEY, REQUESTS, SECURITY, TOOLS } from "./expected/content.ts";
import { GATEWAY } from "./expected/gateway.ts";
import { LIMITS } from "./expected/limits.ts";
import { FRAMING, MEANING } from "./expected/meaning.ts";
import { SERVER } from "./expected/server.ts";
import { TRANSPORT } from "./expected/transport.ts";

/** Every fault by kind: what happens, what modelwright does, and how it is seen. */
export const EXPECTED: Readonly<Record<string, readonly Expectation[]>> = {
  "Rate limits and quota": LIMITS,
  "Server errors": SERVER,
  Transport: TRANSPORT,
  "SSE framing": FRAMING,
  "Stream meaning": MEANING,
  Tools: TOOLS,
  "Content, reasoning, safety": CONTENT,
  "Request validity and context": REQUESTS,
  "Client mechanics": CLIENT,
  "Money, cache, fallback": MONEY,
  "Security and configuration": SECURITY,
  Gateway: GATEWAY,
};

export const EXPECTATIONS: readonly Expectation[] = Object.values(EXPECTED).flat();
