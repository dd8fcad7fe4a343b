import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Consumer, installPacked, ROOT, run } from "./packed.ts";

const PROGRAM = "bundled-program.ts";
const ESBUILD = join(ROOT, "node_modules/esbuild");
const ROLLDOWN = join(ROOT, "node_modules/rolldown/bin/cli.mjs");

type Format = "esm" | "cjs";

/** What docs/guide/bundling.md says for each bundler. */
const BUNDLERS: Readonly<Record<string, (format: Format, folder: string) => readonly string[]>> = {
  // The command may be a script or a native program, so its library is called.
  esbuild: (format, folder) => [
    ...["--eval", "require(process.argv[1]).buildSync(JSON.parse(process.argv[2]))", ESBUILD],
    JSON.stringify({
      ...{ entryPoints: [PROGRAM], bundle: true, platform: "node", format, outfile: `${folder}/program.js` },
      ...(format === "esm" && { banner: { js: REQUIRE } }),
    }),
  ],
  "esbuild in chunks": (_, folder) => [
    ...["--eval", "require(process.argv[1]).buildSync(JSON.parse(process.argv[2]))", ESBUILD],
    JSON.stringify({
      ...{ entryPoints: { program: PROGRAM }, bundle: true, splitting: true, platform: "node", format: "esm" },
      ...{ outdir: folder, banner: { js: REQUIRE } },
    }),
  ],
  rolldown: (format, folder) => [
    ...[ROLLDOWN, PROGRAM, "--platform", "node", "--format", format],
    ...["--dir", folder, "--entry-file-names", "program.js"],
  ],
};
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

let consumer: Consumer;
let unbundled: unknown;
/** Outside of the project: no node_modules is found from here. */
let output: string;

beforeAll(() => {
  consumer = installPacked();
  output = mkdtempSync(join(tmpdir(), "modelwright-bundles-"));
  copyFileSync(join(import.meta.dirname, PROGRAM), join(consumer.folder, PROGRAM));
  const { status, stdout, stderr } = consumer.node(PROGRAM);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  unbundled = JSON.parse(stdout);
});
afterAll(() => {
  consumer?.remove();
  rmSync(output, { recursive: true, force: true });
});

it("the program answers on every wire before it is bundled", () => {
  const call = { text: '{"n":7}', total: 4, streamed: "seven", estimated: true, input: 10, object: { n: 7 } };
  expect(unbundled).toMatchObject({
    problems: [
      [1, 9, null],
      [3, 1, "provider"],
    ],
    tokens: 10,
    prices: [2.5, 0.75],
    calls: { openai: call, "openai-responses": call, anthropic: call, google: call },
    refused: ["unauthorized", 401],
    simulated: true,
    budget: [0.002, 0],
  });
});

it("the package can be required by CommonJS code", () => {
  consumer.write("required.cjs", 'console.log(Object.keys(require("modelwright")).includes("ModelFactory"));');
  expect(consumer.node("required.cjs")).toEqual({ status: 0, stdout: "true\n", stderr: "" });
});

describe.each(Object.keys(BUNDLERS))("a program bundled with %s", (bundler) => {
  // esbuild writes chunks only as ESM.
  const formats = (["esm", "cjs"] as const).filter((format) => format === "esm" || !bundler.endsWith("chunks"));

  it.each(formats)("does the same without node_modules (%s)", (format) => {
    const folder = join(output, `${bundler}-${format}`);
    mkdirSync(folder);
    const bundled = run([...(BUNDLERS[bundler]?.(format, folder) ?? [])], consumer.folder);
    expect(bundled.status, bundled.stderr).toBe(0);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: format === "esm" ? "module" : "commonjs" }));
    const { status, stdout, stderr } = run(["program.js"], folder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(unbundled);
  });
});
