// npm run simulate-seeds [-- COUNT [FIRST]]: runs COUNT seeds starting at FIRST (1,000 from 0) and prints those that break
// a promise. `-- 1 4711` replays seed 4711 with its whole story.
import { liveOneHour } from "./world.ts";

const [count = 1_000, first = 0] = process.argv.slice(2).map(Number);
if (!Number.isInteger(count) || !Number.isInteger(first)) {
  console.error("usage: npm run simulate-seeds [-- COUNT [FIRST]]");
  process.exit(2);
}
const startMs = performance.now();
const broken: number[] = [];
const total = { calls: 0, answers: 0, joined: 0, requests: 0, cached: 0, rows: 0, slowestMs: 0 };

for (let seed = first; seed < first + count; seed++) {
  const seedMs = performance.now();
  const report = await liveOneHour(seed);
  total.calls += report.calls;
  total.answers += report.answers;
  total.joined += report.joined;
  total.requests += report.requests;
  total.cached += report.cached;
  total.rows += report.rows;
  total.slowestMs = Math.max(total.slowestMs, performance.now() - seedMs);
  if (count === 1) console.log(report.story.join("\n"));
  if (report.broken.length === 0) continue;
  broken.push(seed);
  console.log(`seed ${seed}:\n  ${report.broken.slice(0, 10).join("\n  ")}`);
  console.log(`  replay: npm run simulate-seeds -- 1 ${seed}`);
}

const seconds = (performance.now() - startMs) / 1_000;
console.log(
  `${count} seeds, ${broken.length} broken; ${total.calls} calls, ${total.answers} answers (${total.joined} joined), ${total.requests} requests, ${total.cached} cached, ${total.rows} rows; ` +
    `${seconds.toFixed(1)} s, the slowest hour ${Math.round(total.slowestMs)} ms`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
