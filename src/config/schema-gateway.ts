import * as z from "zod";
import { count, duration, flag, size, table, text } from "./schema-values.ts";

const MAX_PORT = 65_535;

const hostName = z
  .string()
  .regex(/^[\w.-]+$|^\[[\da-f:.]+\]$/i, { error: 'must be a host name such as "gateway.local"' });

const origin = z
  .string()
  .regex(/^(?:\*|[a-z][a-z\d+.-]*:\/\/[^/\s]+)$/i, { error: 'must be an origin such as "https://app.example"' });

export const gatewaySection = table({
  host: text().meta({
    description: "Address that `modelwright serve` listens on. Only loopback addresses are accepted.",
    default: "127.0.0.1",
    examples: ["::1"],
  }),
  port: z
    .int()
    .min(0)
    .max(MAX_PORT)
    .meta({
      description: "Port that `modelwright serve` listens on; 0 for a free one.",
      default: 4000,
      examples: [8080],
    }),
  max_body: size("Largest body of a request, after it was decompressed. A larger one gets status 413.", {
    default: "32MiB",
    examples: ["4MiB"],
  }),
  max_in_flight: count(1).meta({
    description: "Most requests at the same time. Further ones get status 503 with `Retry-After`.",
    default: 1000,
    examples: [100],
  }),
  commit_after: duration(
    "Longest time that a stream waits for the first event of the model before it sends its status. A failure in this time has a status of its own; later it is an error event.",
    { default: "15s", examples: ["5s"] },
  ),
  keep_responses: duration(
    "How long responses of the Responses API are stored, for `previous_response_id`, `item_reference` and `GET /v1/responses/ID`: where `[state]` is, at most 64 MiB. 0: not at all.",
    { default: "1h", examples: ["24h", 0] },
  ),
  drain: duration("Longest time that requests in flight have to end when the gateway stops.", {
    default: "30s",
    examples: ["5m"],
  }),
  allowed_hosts: z.array(hostName).meta({
    description:
      "Names besides those of loopback that a request may have as its host. Other names are refused, so that a web page cannot reach the gateway under a name of its own.",
    default: [],
    examples: [["gateway.local"]],
  }),
  cors: z.array(origin).meta({
    description: 'Origins of web pages that may use the gateway; "*" for all. Requests of other pages are refused.',
    default: [],
    examples: [["https://app.example"]],
  }),
  access_log: flag().meta({
    description: "Whether `modelwright serve` writes a JSON line to stderr for each request, without content.",
    default: true,
  }),
}).meta({ description: "The gateway: `modelwright serve`, and `gateway()` of `modelwright/gateway`." });
