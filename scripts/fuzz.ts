// Fuzzes the readers of external input: npm run fuzz -- --target sse --seconds 60 --seed 1. Without a target, all of
// them in turn. With --runs instead of --seconds, a seed gives the same inputs on every machine.
import { parseArgs } from "node:util";
import { type FuzzTarget, fuzz } from "../test/fuzz/fuzz.ts";
import { type Growth, isLinear, slowest } from "../test/fuzz/linear.ts";
import { TARGETS } from "../test/fuzz/targets.ts";

/** How many inputs are inflated to 1 MB, starting with the newest, which are the most unusual. */
const BLOWN_UP = 12;

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    seconds: { type: "string", default: "60" },
    runs: { type: "string", default: "Infinity" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const chosen = TARGETS.filter(({ name }) =>
  values.target === undefined ? name !== "planted" : name === values.target,
);
if (chosen.length === 0) {
  console.error(`no target "${values.target}": ${TARGETS.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
for (const target of chosen) if (!(await isSound(target))) process.exitCode = 1;

async function isSound(target: FuzzTarget): Promise<boolean> {
  const seed = Number(values.seed);
  const { runs, seedFeatures, features, corpus, failure } = await fuzz(target, seed, {
    seconds: Number(values.seconds),
    runs: Number(values.runs),
  });
  console.log(
    `${target.name}: seed ${seed}, ${runs} runs, ${seedFeatures} features from the seeds, ${features - seedFeatures} new, corpus of ${corpus.length}`,
  );
  if (failure !== undefined) {
    console.error(failure.error);
    report("breaks", failure.input);
    return false;
  }
  const growth = slowest(target, corpus.slice(-BLOWN_UP));
  if (growth !== undefined) console.log(timesOf(growth));
  if (growth === undefined || isLinear(growth)) return true;
  report("takes more than linear time, repeated", growth.input);
  return false;
}

function timesOf({ smallMs, largeMs }: Growth): string {
  return `  slowest at 1 MB: ${largeMs.toFixed(1)} ms, at 100 kB: ${smallMs.toFixed(1)} ms`;
}

function report(how: string, input: Buffer): void {
  console.error(`${how}: ${JSON.stringify(input.toString())} (base64 ${input.toString("base64")})`);
}
