// Builds dist and removes what an earlier build left there: `npm pack` would publish it.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");
const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--listEmittedFiles"], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});

const EMITTED = "TSFILE: ";
const lines = stdout.split(/\r?\n/);
const emitted = new Set(lines.filter((line) => line.startsWith(EMITTED)).map((line) => resolve(line.slice(EMITTED.length))));
const messages = lines.filter((line) => line !== "" && !line.startsWith(EMITTED));
if (messages.length > 0) console.error(messages.join("\n"));

if (status === 0) {
  const dist = join(root, "dist");
  for (const file of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !emitted.has(path)) rmSync(path);
  }
}
process.exitCode = status ?? 1;
