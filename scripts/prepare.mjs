// Runs after `npm ci` in a clone: builds, and links the command where npx looks first; otherwise npx would download the
// package. Does nothing without the compiler (production install).
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
