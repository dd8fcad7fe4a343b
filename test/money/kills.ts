// npm run kills [-- OPTIONS]: prints the figures of test/money/budgets.test.ts for a run of your own.
import { parseArgs } from "node:util";
import { spendTogether } from "./processes.ts";
import { problemsOf, summaryOf } from "./proof.ts";
import { type Durability, serverStores, sqliteStores } from "./stores.ts";

const HELP = `npm run kills [-- options]

Lets eight processes spend one budget, kills some of them, and compares the provider's bill, the counters and the ledger.
Exits with 1 if they contradict each other.

  --store sqlite|redis       where [state] is; [ledger] is in SQLite or Postgres (default sqlite)
  --kills N                  (default 100)
  --callers N                in each process (default 50)
  --ledger none|sync|batch   durability of [ledger] (default none)
`;

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    kills: { type: "string", default: "100" },
    callers: { type: "string", default: "50" },
    ledger: { type: "string", default: "none" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const durability = values.ledger === "none" ? undefined : (values.ledger as Durability);
const stores =
  values.store === "redis" ? await serverStores({ withLedger: durability !== undefined }) : await sqliteStores();
const startMs = performance.now();
try {
  const plan = { stores, durability, kills: Number(values.kills), callers: Number(values.callers) };
  const spending = await spendTogether(plan);
  const problems = problemsOf(spending, plan);
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  console.log(JSON.stringify({ ...values, seconds, ...summaryOf(spending, plan) }, undefined, 2));
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await stores.close();
}
