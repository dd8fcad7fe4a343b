// Builds after `npm ci`, so that `npx modelwright` works from a clone. Without the compiler (production install) there is nothing to do.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler, "-p", fileURLToPath(new URL("../tsconfig.build.json", import.meta.url))], { stdio: "inherit" });
  process.exit(status ?? 1);
}
