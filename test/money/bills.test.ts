import { describe, expect, test } from "vitest";
import { priceOf } from "../../src/catalog/price.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf } from "../harness/simulated.ts";
import { sendEvents, serve } from "../harness/small-server.ts";
import { type Bill, bodyOf, eventsOf } from "./bill.ts";
import { ANTHROPIC_BILLS } from "./bills-anthropic.ts";
import { GOOGLE_BILLS } from "./bills-google.ts";
import { HOST_BILLS } from "./bills-hosts.ts";
import { ISSUE_BILLS } from "./bills-issues.ts";
import { OPENAI_BILLS } from "./bills-openai.ts";
import { RESPONSES_BILLS } from "./bills-responses.ts";
import { UNSOUND_BILLS } from "./bills-unsound.ts";

const BILLS = {
  "OpenAI's chat completions": OPENAI_BILLS,
  "OpenAI's responses": RESPONSES_BILLS,
  "Anthropic's messages": ANTHROPIC_BILLS,
  Gemini: GOOGLE_BILLS,
  "OpenAI-compatible hosts": HOST_BILLS,
  "public bug reports": ISSUE_BILLS,
  "unsound counts": UNSOUND_BILLS,
};

const BUDGETS = `[budgets.dollars]
usd = 9_000_000
unpriced = "allow"
[budgets.tokens]
tokens = 9_000_000_000_000_000
`;

const MAX_OUTPUT = 100;

/** A factory with the entry of a bill, whose server sends the answer of the bill. */
async function billing(bill: Bill) {
  const { wire, provider, prices, priceAs, lines = "" } = bill;
  const server = await serve(({ path, body }, response) => {
    if (body["stream"] !== true && !path.includes(":streamGenerateContent")) return bodyOf(bill);
    sendEvents(response, eventsOf(bill));
    return undefined;
  });
  const price = priceAs === undefined ? `pricing = { ${pairs(prices ?? {})} }` : `price_as = "${priceAs}"`;
  const table = entry(wire, server.url, `${price}\nnum_retries = 0\nmax_new_tokens = ${MAX_OUTPUT}\n${lines}`, {
    priced: false,
  });
  const hosted = provider === undefined ? table : table.replace(/provider = "\w+"/, `provider = "${provider}"`);
  return factoryOf(hosted + BUDGETS);
}

function pairs(prices: object): string {
  return Object.entries(prices)
    .map(([name, rate]) => `${name} = ${rate}`)
    .join(", ");
}

/** USD from nano-dollars: the nearest number, as for every decimal. */
const usd = (nano: bigint) => Number(nano) / 1e9;

function costOf({ nano, estimated }: Bill) {
  if (nano === null) return { usd: null, breakdown: null, estimated: estimated !== undefined };
  const [input, cacheRead, cacheWrite, output] = nano;
  return {
    usd: usd(input + cacheRead + cacheWrite + output),
    breakdown: { input: usd(input), cacheRead: usd(cacheRead), cacheWrite: usd(cacheWrite), output: usd(output) },
    estimated: estimated !== undefined,
  };
}

/** An unknown cost is spent as it was reserved: nothing if the price of the request was unknown too. */
function spentBy({ nano, reserved = 0n }: Bill): bigint {
  return nano === null ? reserved : nano.reduce((sum, part) => sum + part, 0n);
}

describe.each(Object.entries(BILLS))("bills of %s", (_, bills) => {
  test.each(bills)("$title", async (bill) => {
    for (const streams of [false, true]) {
      const factory = await billing(bill);
      const model = factory.create();
      const reply = await (streams ? model.stream("Bill this.").reply : model.codegen("Bill this."));
      const where = streams ? "stream" : "body";
      expect(reply.cost, where).toEqual(costOf(bill));
      expect(BigInt(reply.usage.total), where).toBe(bill.tokens);
      expect(reply.usage.estimated, where).toBe(bill.estimated === "usage");
      const [dollars, tokens] = await factory.budgets.status();
      expect(tokens?.spent, where).toBe(Number(bill.tokens));
      expect(dollars?.reserved, where).toBe(0);
      expect(dollars?.spent, where).toBe(usd(spentBy(bill)));
    }
  });
});

/** `pricing` has no tiers, so some bills use prices of the catalog. */
const PINNED = {
  "gemini-2.5-pro": {
    ...{ input: 1.25, output: 10, cacheRead: 0.125 },
    tiers: [{ above: 200_000, input: 2.5, output: 15, cacheRead: 0.25 }],
  },
  "claude-sonnet-4-20250514": {
    ...{ input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6 },
    tiers: [{ above: 200_000, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite: 7.5 }],
  },
};

test.each(Object.entries(PINNED))(
  "the catalog still has the price of %s that bills were computed with",
  (id, price) => {
    expect(priceOf(undefined, id)).toEqual(price);
  },
);

test("has at least 60 bills with titles of their own", () => {
  const titles = Object.entries(BILLS).flatMap(([of, bills]) => bills.map(({ title }) => `${of} ${title}`));
  expect(titles.length).toBeGreaterThanOrEqual(60);
  expect(new Set(titles).size).toBe(titles.length);
});
