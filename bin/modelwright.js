#!/usr/bin/env node
import process from "node:process";
import { unsupportedNode } from "../dist/core/node-version.js";

const problem = unsupportedNode();
if (problem === undefined) run();
else {
  console.error(problem);
  process.exitCode = 1;
}

async function run() {
  const { main } = await import("../dist/cli/main.js");

  // The first Ctrl-C ends the command in order, the second at once.
  const interruption = new AbortController();
  process.once("SIGINT", () => interruption.abort("SIGINT"));
  process.once("SIGTERM", () => interruption.abort("SIGTERM"));

  const { stdout, stderr, stdin, env } = process;
  process.exitCode = await main(process.argv.slice(2), {
    stdout,
    stderr,
    stdin,
    env,
    cwd: process.cwd(),
    isTTY: stdout.isTTY === true,
    columns: stdout.columns ?? 80,
    interrupted: interruption.signal,
  });
  stdin.destroy();
}
