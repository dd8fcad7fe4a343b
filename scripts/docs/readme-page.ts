import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROVIDERS } from "../../src/catalog/providers.ts";

const ROOT = join(import.meta.dirname, "../..");

/** README.md with the number of providers, without the simulator. */
export function readmePage(): string {
  const page = readFileSync(join(ROOT, "README.md"), "utf8");
  return page.replace(/(?<=\| number of providers \| )\d+/, String(PROVIDERS.length - 1));
}
