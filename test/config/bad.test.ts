import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { refusal } from "../harness/parse-config.ts";

const FOLDER = new URL("bad/", import.meta.url);
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".toml"))
  .map((file) => file.slice(0, -".toml".length));

describe("an invalid file is rejected with all errors and their positions", () => {
  test("has a file for every kind of error", () => expect(names.length).toBeGreaterThanOrEqual(25));

  test.each(names)("%s", async (name) => {
    const error = refusal(readFileSync(new URL(`${name}.toml`, FOLDER), "utf8"), { file: `${name}.toml` });
    const places = error.problems.map(({ line, column }) => [line, column]);
    expect(places).toEqual(places.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d));
    for (const problem of error.problems) expect(problem.line).toBeGreaterThan(0);
    const rows = error.problems.map(({ path }) => path);
    await expect(`${error.message}\n---\n${rows.join("\n")}\n`).toMatchFileSnapshot(`bad/${name}.txt`);
  });
});
