// Runs coding agents against the gateway: node scripts/test-agents.ts [--only NAME] [--record FOLDER].
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { WIRE_NAMES } from "../src/core/wire-name.ts";
import { AGENTS, type AgentRow } from "./agents/agents.ts";
import { entryOf, type Served, serve } from "./agents/gateway.ts";
import { installed } from "./agents/install.ts";
import { startRecorder } from "./agents/recorder.ts";
import { runAgent, type Turn } from "./agents/run-agent.ts";
import { startUpstream } from "./agents/upstream.ts";

const { only, record } = parseArgs({
  options: { only: { type: "string" }, record: { type: "string" } },
}).values;

const folder = mkdtempSync(join(tmpdir(), "modelwright-agents-"));
const upstream = await startUpstream();
const served = await serve(upstream, folder);
try {
  for (const agent of AGENTS) if (only === undefined || agent.name === only) await test(agent);
} finally {
  await served.stop();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
}

async function test(agent: AgentRow): Promise<void> {
  const program = installed(agent);
  const recorder = record === undefined ? undefined : await startRecorder(served.url, agent, record);
  const outcomes: string[] = [];
  const problems: string[] = [];
  for (const wire of WIRE_NAMES.filter((other) => other !== agent.wire)) {
    const turns = await runAgent(agent, program, { url: recorder?.url ?? served.url, model: entryOf(wire) });
    const found = problemsOf(turns, served);
    outcomes.push(`${wire} ${found.problems.length === 0 ? "ok" : "FAILED"} (${found.summary})`);
    problems.push(...found.problems.map((problem) => `  ${wire}: ${problem.replaceAll("\n", "\n    ")}`));
    if (recorder !== undefined) break;
  }
  await recorder?.stop();
  console.log([`${agent.name} ${program.version} on ${agent.wire}: ${outcomes.join(", ")}`, ...problems].join("\n"));
  if (problems.length > 0) process.exitCode = 1;
}

function problemsOf(turns: readonly Turn[], { taken }: Served): { problems: string[]; summary: string } {
  const records = taken();
  const generating = records.filter(({ method }) => method === "POST");
  const failed = generating.filter(({ status, left }) => status !== 200 && left !== true);
  const problems = turns.flatMap(({ problem }) => problem ?? []);
  for (const { method, path, status, code, defect } of failed)
    problems.push([method, path, status, code, defect].filter((part) => part !== undefined).join(" "));
  const seconds = turns.map(({ ms }) => `${(ms / 1_000).toFixed(1)} s`).join(" + ");
  return { problems, summary: `${generating.length} requests, ${seconds}` };
}
