import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentRow } from "./agents.ts";

/** About 1.1 GB for all of them. */
const CACHE = process.env["MODELWRIGHT_AGENTS"] ?? join(tmpdir(), "modelwright-agents");

export interface Installed {
  readonly bin: string;
  readonly version: string;
}

/** Installs the newest version of an agent, unless it is there. */
export function installed({ package: name, bin }: AgentRow): Installed {
  const folder = join(CACHE, bin);
  const manifest = join(folder, "node_modules", name, "package.json");
  const found = versionIn(manifest);
  if (found === undefined) {
    mkdirSync(folder, { recursive: true });
    const quiet = ["--no-audit", "--no-fund", "--loglevel", "error"];
    execFileSync("npm", ["install", "--prefix", folder, ...quiet, `${name}@latest`], { stdio: "inherit" });
  }
  const version = found ?? versionIn(manifest);
  if (version === undefined) throw new Error(`${name} was not installed into ${folder}`);
  return { bin: join(folder, "node_modules/.bin", bin), version };
}

function versionIn(manifest: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  } catch {
    return undefined;
  }
}
