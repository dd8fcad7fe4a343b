import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Example {
  /** File it is written to. */
  readonly name: string;
  readonly code: string;
}

/** The README's TypeScript and every `@example` of a public export, each a module of its own. */
export function examplesOf(root: string): Example[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts[^\n]*\n([\s\S]*?)^```$/gm)].map(([, code = ""], index) => ({
    name: `readme-${index}`,
    code,
  }));
  const sources = globSync("src/**/*.ts", { cwd: root }).sort();
  const examples = sources.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^ *\* @example\n([\s\S]*?)^ *\*\//gm)].map(
      ([, code = ""], index) => ({
        name: `${file.replace(/\W+/g, "-")}-${index}`,
        code: code.replace(/^ *\* ?/gm, ""),
      }),
    ),
  );
  return [...blocks, ...examples];
}
