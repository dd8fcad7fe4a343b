// Runs after `npm ci` in a clone: builds, and puts the command where npx looks first (else it installs the package anew).
// Without the compiler (production install) there is nothing to do.
import { existsSync, rmSync, symlinkSync } from "node:fs";

const MODULES = new URL("../node_modules/", import.meta.url);

if (existsSync(new URL("typescript/bin/tsc", MODULES))) {
  await import("./build.mjs");
  if (process.platform !== "win32") link(new URL(".bin/modelwright", MODULES));
}

function link(place) {
  rmSync(place, { force: true });
  symlinkSync("../../bin/modelwright.js", place);
}
