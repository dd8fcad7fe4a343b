import { always, drop, never, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

/** Token counts, prices, sums. */
export const money = [
  ...mutantsOf(
    "src/dialects/reported-counts.ts",
    ["test/dialects/usage-reports.test.ts"],
    [
      ["usage-lowered-by-zero", "a later zero replaces a token count", "ReportedCounts.push", always("count > 0")],
      [
        "usage-flaw-forgotten",
        "usage with an invalid count is reported as exact",
        "ReportedCounts.#read",
        skip("this.#flawed"),
      ],
      [
        "usage-moved-without-gain",
        "a zero lowers the input tokens although the cache tokens gained less",
        "ReportedCounts.#moved",
        drop("had > spare"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/billing.ts",
    ["test/model/exact-or-null.test.ts"],
    [
      [
        "tier-billed-as-standard",
        "another service tier is billed at the standard price",
        "billOf",
        drop("!isStandard(tier)"),
      ],
      ["audio-billed-as-text", "audio and searches are billed as text tokens", "billOf", drop("unlisted")],
    ],
  ),
  ...mutantsOf(
    "src/core/cost.ts",
    ["test/core/cost.test.ts"],
    [
      [
        "cost-hour-as-five-minutes",
        "one-hour cache writes without a price of their own have no cost",
        "lacksRate",
        never('name === "cacheWrite1h"'),
      ],
      [
        "cost-assumed-is-exact",
        "a cost with an assumed price for one-hour cache writes is reported as exact",
        "costOf",
        drop("assumesHour(usage, price)"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/usage-totals.ts",
    ["test/model/exact-or-null.test.ts"],
    [["usage-of-every-tag", "the usage totals keep every tag", "UsageTotals.#sum", always("sums.size < MAX_NAMES")]],
  ),
];
