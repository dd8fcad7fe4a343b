import { mutantsOf } from "./mutant.ts";

/** Token counts, prices, sums. */
export const money = [
  ...mutantsOf(
    "src/dialects/told-counts.ts",
    ["test/dialects/usage-reports.test.ts"],
    [
      [
        "usage-lowered-by-zero",
        "a later zero replaces a count",
        "if (count > 0 || !this.#counts.has(name)) this.#counts.set(name, count);",
        "this.#counts.set(name, count);",
      ],
      ["usage-flaw-forgotten", "what is not a count is exact", "else this.#flawed = true;", ""],
      [
        "usage-moved-without-gain",
        "a zero lowers the input although the cache gained less",
        "if (had > spare || (!fresh.has(name) && had !== spare)) return false;",
        "if (!fresh.has(name) && had !== spare) return false;",
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/billing.ts",
    ["test/model/exact-or-null.test.ts"],
    [
      [
        "tier-billed-as-standard",
        "another service tier costs the standard price",
        "if (unlisted || !isStandard(tier))",
        "if (unlisted)",
      ],
      [
        "audio-billed-as-text",
        "audio and searches cost nothing beyond their tokens",
        "if (unlisted || !isStandard(tier))",
        "if (!isStandard(tier))",
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/cost.ts",
    ["test/core/cost.test.ts"],
    [
      [
        "cost-hour-as-five-minutes",
        "writes for an hour are charged like any other",
        'return rateOf(price, name) !== undefined || (name === "cacheWrite1h" && price.cacheWrite !== undefined);',
        "return rateOf(price, name) !== undefined;",
      ],
      [
        "cost-assumed-is-exact",
        "an assumed rate for writes for an hour is exact",
        "usage.estimated || assumesHour(usage, price)",
        "usage.estimated",
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/usage-totals.ts",
    ["test/model/exact-or-null.test.ts"],
    [
      [
        "usage-of-every-tag",
        "the sums grow with every tag",
        "const kept = sums.size < MOST_NAMES ? name : OTHER;",
        "const kept = name;",
      ],
    ],
  ),
];
