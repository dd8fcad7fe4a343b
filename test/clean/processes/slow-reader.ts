// A reader that takes its time with an answer of 200 MB, in a process of its own (--expose-gc). Arguments: wire and
// origin. Prints one line of JSON: how far its memory grew while the server could have sent everything, and what it took.
import { setTimeout as sleep } from "node:timers/promises";
import { ModelFactory } from "../../../src/index.ts";
import { entryFor } from "../../harness/recording-files.ts";
import type { Wire } from "../../harness/wires.ts";

const [wire, origin] = process.argv.slice(2) as [Wire, string];
/** Loading and compiling belongs to the first deltas, not to the answer. */
const WARM_DELTAS = 60;
const MEASURED_MS = 2_500;
const REST_MS = 20;

await using factory = ModelFactory.parse(entryFor({ wire, provider: "some-host", model: "m" }, "slow", origin), {
  env: {},
});
let startMs = 0;
let before = 0;
let most = 0;
let deltas = 0;
let characters = 0;
for await (const text of factory.get("slow").stream("Hello").text) {
  deltas += 1;
  characters += text.length;
  if (deltas < WARM_DELTAS) continue;
  await sleep(REST_MS);
  if (deltas === WARM_DELTAS) {
    before = residentBytes();
    startMs = performance.now();
  } else if (deltas % 10 === 0) most = Math.max(most, residentBytes());
  if (performance.now() - startMs > MEASURED_MS) break;
}
console.log(JSON.stringify({ grownBytes: most - before, deltas, characters }));

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}
