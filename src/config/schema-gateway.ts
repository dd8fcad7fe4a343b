import * as z from "zod";
import { isReference } from "./references.ts";
import { budgetSection, entryRateLimit } from "./schema-money.ts";
import { count, duration, flag, oneOf, size, table, text } from "./schema-values.ts";

const MAX_PORT = 65_535;

const hostName = z
  .string()
  .regex(/^[\w.-]+$|^\[[\da-f:.]+\]$/i, { error: 'must be a host name such as "gateway.local"' });

const origin = z
  .string()
  .regex(/^(?:\*|[a-z][a-z\d+.-]*:\/\/[^/\s]+)$/i, { error: 'must be an origin such as "https://app.example"' });

/** Shorter ones could be guessed. */
const MIN_KEY = 16;
const KEY_ERROR = `must be at least ${MIN_KEY} visible characters, best as "env:NAME"`;

/** Whether a key is long enough and may be sent in a header. */
export function isGatewayKey(value: string): boolean {
  return value.length >= MIN_KEY && /^[\u0021-\u007e]+$/.test(value);
}

const DATE_ERROR = "must be a date such as 2027-01-01";

const { per: _per, match: _match, ...keyBudget } = budgetSection.shape;

const key = table({
  key: z
    .string({ error: KEY_ERROR })
    .refine((value) => isReference(value) || isGatewayKey(value), { error: KEY_ERROR })
    .meta({ description: 'The key that clients send, best as "env:NAME". Required.', examples: ["env:ANN_KEY"] }),
  models: z
    .array(text())
    .min(1)
    .meta({ description: "Names that the key may use. Default: all.", examples: [["coder", "fast"]] }),
  user: text().meta({
    description: "The user of its calls; it takes precedence over that of the request.",
    examples: ["ann"],
  }),
  tags: z.array(text()).meta({ description: "Tags that its calls get besides their own.", examples: [["web"]] }),
  budget: oneOf('the name of a budget, or a table such as { usd = 20, period = "month" }', [
    text(),
    z.strictObject(keyBudget),
  ]).meta({
    description: "A budget of its own, or the name of a budget that its calls are charged to as well.",
    examples: [{ usd: 20, period: "month" }, "team"],
  }),
  rate_limit: entryRateLimit.meta({
    description: "Limits of its requests and tokens.",
    examples: [{ requests_per_minute: 60 }],
  }),
  expires: z
    .date({ error: DATE_ERROR })
    // A time of day would be in a zone of its own.
    .refine((date) => /^\d{4}-\d\d-\d\d$/.test(date.toISOString()), { error: DATE_ERROR })
    .meta({
      description: "The first day, in UTC, on which the key is refused.",
      examples: ["2027-01-01"],
    }),
}).meta({ id: "GatewayKey", description: "A key of the gateway and what it may do." });

export const gatewaySection = table({
  host: text().meta({
    description: "Address that `modelwright serve` listens on. Another address than loopback needs `keys`.",
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
  keys: z.record(z.string().min(1, { error: "must not be empty" }), key).meta({
    description: "Keys of clients, by name. With at least one, requests without a valid key get status 401.",
    examples: [{ ann: { key: "env:ANN_KEY", models: ["coder"] } }],
  }),
}).meta({ description: "The gateway: `modelwright serve`, and `gateway()` of `modelwright/gateway`." });
