// Appends rows to a ledger, and prints the number of each row that it appended, with the time.
// Arguments: settings as JSON, number of rows (0: until it is killed), pause in milliseconds, "open" to open each row first.
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../src/core/clock.ts";
import type { LedgerSettings } from "../../../src/core/ledger.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { ledgerRow, openRow } from "../../harness/ledger-rows.ts";

const [json = "", count = "", pauseMs = "", how = ""] = process.argv.slice(2);
const settings = JSON.parse(json, (key, value) =>
  key === "keep" ? Number.POSITIVE_INFINITY : value,
) as LedgerSettings;
const onFailure = (error: Error) => process.stderr.write(`${error.message}\n`);
const ledger = openLedger(settings, { clock: systemClock, onFailure });

if (how === "open") await ledger.open(openRow({ callId: `${process.pid}-open`, reserved: 5_000_000_000n }));
for (let index = 1; Number(count) === 0 || index <= Number(count); index++) {
  await ledger.append(ledgerRow({ callId: `${process.pid}-${index}` }));
  process.stdout.write(`${index} ${performance.timeOrigin + performance.now()}\n`);
  if (Number(pauseMs) > 0) await sleep(Number(pauseMs));
}
await ledger.close();
