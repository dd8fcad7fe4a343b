#!/usr/bin/env node
import module from "node:module";
import process from "node:process";
import { cacheFolder } from "../dist/core/cache-folder.js";
import { unsupportedNode } from "../dist/core/node-version.js";

const problem = unsupportedNode();
if (problem === undefined) run();
else {
  console.error(problem);
  process.exitCode = 1;
}

async function run() {
  // The next start finds our code compiled. Not in the common folder for temporary files, Node's default: another user of
  // the machine could put code there. Where Node cannot write, it goes on without.
  const cache = cacheFolder(process.env);
  if (cache !== undefined) module.enableCompileCache(`${cache}/compiled`);

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
