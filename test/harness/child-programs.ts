import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file of this repository in a separate process. */
export function program(file: string, args: readonly string[], options: { readonly uid?: number } = {}): ChildProcess {
  return spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "pipe"], ...options });
}

export async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    stderr += String(chunk);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Waits for the first line of its output. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await Promise.race([
    once(child.stdout as NodeJS.EventEmitter, "data"),
    endOf(child).then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`))),
  ])) as [Buffer];
  return String(chunk).split("\n")[0] ?? "";
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
