import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { AgentRow, Place } from "./agents.ts";
import type { Installed } from "./install.ts";

const LIMIT_MS = 180_000;

/** Each turn needs a tool; the second one also needs what the first one found. */
const TURNS = [
  { file: "note.txt", secret: "secret-heron", expected: ["secret-heron"] },
  { file: "more.txt", secret: "secret-otter", expected: ["secret-heron", "secret-otter"] },
] as const;

export interface Turn {
  readonly ms: number;
  /** What went wrong. */
  readonly problem?: string;
}

/** Two turns of an agent in an empty home and a project of its own. */
export async function runAgent(agent: AgentRow, { bin }: Installed, at: Omit<Place, "home">): Promise<readonly Turn[]> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-agent-"));
  const [home, project] = [join(folder, "home"), join(folder, "project")];
  for (const path of [home, project]) mkdirSync(path);
  for (const { file, secret } of TURNS) writeFileSync(join(project, file), `${secret}\n`);
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const env = { HOME: home, PATH: path, NO_COLOR: "1", TERM: "dumb", ...agent.setUp({ home, ...at }) };
  const turns: Turn[] = [];
  try {
    for (const { file, expected } of TURNS) {
      const prompt = `Run the command \`cat ${file}\` and tell me all secrets that you have found so far.`;
      const argv = agent.argv(prompt, at.model, turns.length > 0);
      turns.push(await turnOf(bin, argv, { cwd: project, env }, expected));
      if (turns.at(-1)?.problem !== undefined) break;
    }
    return turns;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Setting {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

async function turnOf(
  bin: string,
  argv: readonly string[],
  setting: Setting,
  expected: readonly string[],
): Promise<Turn> {
  const startMs = performance.now();
  const { code, stdout, stderr } = await outputOf(bin, argv, setting);
  const ms = Math.round(performance.now() - startMs);
  const missing = expected.filter((secret) => !stdout.includes(secret));
  if (code === 0 && missing.length === 0) return { ms };
  const lost = missing.length === 0 ? "" : `, without ${missing.join(" and ")}`;
  return { ms, problem: `exit code ${code}${lost}\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`.trim() };
}

interface Output {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function outputOf(bin: string, argv: readonly string[], { cwd, env }: Setting): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(bin, argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on("data", (chunk) => {
      stderr += String(chunk);
    });
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), LIMIT_MS);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? signal ?? "none", stdout, stderr });
    });
  });
}
