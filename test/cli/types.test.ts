import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, type Session, TOML } from "../harness/terminal.ts";

const read = (folder: string, file = "modelwright.d.ts") => readFileSync(join(folder, file), "utf8");

async function generated(): Promise<string> {
  const { out } = await cli(["types", "--stdout"], { toml: TOML });
  return out;
}

describe("types", () => {
  it("writes the names next to models.toml", async () => {
    const { golden, folder } = await cli(["types"], { toml: TOML });
    await expect(`${golden}${read(folder)}`).toMatchFileSnapshot("golden/types.txt");
  });

  it("needs no key and ignores the environment", async () => {
    const { folder } = await cli(["types"], { toml: TOML, env: { FAR_KEY: "k-1", MODELWRIGHT_PROFILE: "" } });
    expect(read(folder)).toBe(await generated());
  });

  it("writes next to the file of --config, from any directory", async () => {
    const { code, folder } = await cli(["types", "--config", "conf.toml", "-o", "src/types/models.d.ts"], {
      files: { "conf.toml": TOML },
    });
    expect(code).toBe(0);
    expect(read(folder, "src/types/models.d.ts")).toContain("from conf.toml; do not edit.");
  });

  it("reports changes, and writes nothing without changes", async () => {
    const files = { "modelwright.d.ts": await generated() };
    const same = await cli(["types"], { toml: TOML, files });
    expect(same.out).toBe("✓ modelwright.d.ts is up to date: 3 names\n");
    const toml = TOML.replace("[models.far]", "[models.near]").replace("vision = true", "vision = false");
    const changed = await cli(["types"], { toml, files });
    expect(changed.out).toBe("✓ wrote modelwright.d.ts: 3 names (+ near, - far, ~ fast, ~ careful)\n");
    expect(changed.err).toBe("");
  });

  it.each([["--stdout"], ["-o", "-"]])("prints the types with %s %s", async (...flags) => {
    const { code, out, err } = await cli(["types", ...flags], { toml: TOML });
    expect(out).toMatch(/^\/\/ Written by `npx modelwright types` from models\.toml; do not edit\.\n/);
    expect(out).toContain("    careful: {\n");
    expect([code, err]).toEqual([0, ""]);
  });

  it("prints the same as JSON", async () => {
    const { out, folder } = await cli(["types", "--json"], { toml: TOML });
    expect(JSON.parse(out)).toEqual({
      ...{ file: join(folder, "models.toml"), out: join(folder, "modelwright.d.ts"), written: true },
      ...{ names: ["fast", "careful", "far"], added: ["fast", "careful", "far"], removed: [], changed: [] },
    });
    const printed = await cli(["types", "--stdout", "--json"], { toml: TOML });
    expect(JSON.parse(printed.out)).toMatchObject({ names: ["fast", "careful", "far"], text: read(folder) });
  });

  it("does not overwrite other files", async () => {
    const { code, err, folder } = await cli(["types", "-o", "src.ts"], { toml: TOML, files: { "src.ts": "mine\n" } });
    expect(err).toBe(
      "error: src.ts exists and was not written by this command\n  do     Use another --out, or remove the file.\n",
    );
    expect(code).toBe(2);
    expect(read(folder, "src.ts")).toBe("mine\n");
  });

  it.each([
    [["-o", "types.json"], "types.json is not a .d.ts file"],
    [["-o", "models.toml/x.d.ts"], "models.toml/x.d.ts cannot be written (E"],
    [["-o", "-", "--check"], "stdout can be neither checked nor watched"],
    [["--stdout", "--watch"], "option '-w, --watch' cannot be used with option '--stdout'"],
    [["--check", "--watch"], "option '-w, --watch' cannot be used with option '--check'"],
  ])("rejects %j", async (flags, words) => {
    const { code, out, err } = await cli(["types", ...flags], { toml: TOML });
    expect(err).toContain(words);
    expect([code, out]).toEqual([2, ""]);
  });

  it("reports all errors of an invalid file and writes nothing", async () => {
    const files = { "modelwright.d.ts": await generated() };
    const { code, err, folder } = await cli(["types"], { toml: `${TOML}\ntemprature = 1\n`, files });
    expect(err).toContain('did you mean "temperature"?');
    expect(code).toBe(2);
    expect(read(folder)).toBe(files["modelwright.d.ts"]);
  });
});

describe("types --check", () => {
  it("exits with 0 when the file is up to date, in any formatting", async () => {
    const text = (await generated()).replaceAll("\n", "\r\n").replaceAll("  ", "\t");
    const { code, out } = await cli(["types", "--check"], { toml: TOML, files: { "modelwright.d.ts": text } });
    expect([code, out]).toEqual([0, "✓ modelwright.d.ts is up to date: 3 names\n"]);
  });

  it("exits with 1 when it is stale, reports the differences, and does not change it", async () => {
    const files = { "modelwright.d.ts": await generated() };
    const toml = `${TOML}\n[models.more]\nextends = "fast"\n`;
    const { code, out, folder } = await cli(["types", "--check"], { toml, files });
    expect(out).toBe("✗ modelwright.d.ts is stale (+ more); npx modelwright types writes it\n");
    expect(code).toBe(1);
    expect(read(folder)).toBe(files["modelwright.d.ts"]);
    const told = await cli(["types", "--check", "--json"], { toml, files });
    expect(told.code).toBe(1);
    expect(JSON.parse(told.out)).toMatchObject({ ok: false, added: ["more"], removed: [], changed: [] });
  });

  it("exits with 1 when it is missing", async () => {
    const { code, out } = await cli(["types", "--check", "-o", "x.d.ts"], { toml: TOML });
    expect(out).toBe("✗ x.d.ts does not exist; npx modelwright types --out x.d.ts writes it\n");
    expect(code).toBe(1);
  });
});

/** Takes a step for every line that tells of a write or of mistakes; after the last one presses Ctrl-C. */
function watching(steps: readonly ((folder: string) => void)[]): Session {
  const interruption = new AbortController();
  const told = { out: 0, err: 0 };
  const left = [...steps];
  const listen = (stream: "out" | "err") => (text: string, folder: string) => {
    for (const lines = text.split("\n").filter((line) => TELLING.test(line)).length; told[stream] < lines; ) {
      told[stream] += 1;
      const next = left.shift();
      if (next === undefined) interruption.abort();
      else next(folder);
    }
  };
  return {
    interrupted: interruption.signal,
    onOutput: (text, { folder }) => listen("out")(text, folder),
    onError: (text, { folder }) => listen("err")(text, folder),
  };
}
const TELLING = /^(?:✓|\{|error:|[\w-]+\.toml:)/;

describe("types --watch", () => {
  const edit = (change: (text: string) => string) => (folder: string) =>
    writeFileSync(join(folder, "models.toml"), change(readFileSync(join(folder, "models.toml"), "utf8")));
  const add = (name: string) => edit((text) => `${text}\n[models.${name}]\nextends = "fast"\n`);

  it("prints a line and writes the file for every change, until Ctrl-C", async () => {
    const { code, out, err, folder } = await cli(["types", "--watch"], {
      toml: TOML,
      ...watching([add("more"), edit((text) => text.replace("[models.far]", "[models.near]"))]),
    });
    expect(out).toBe(
      [
        "✓ wrote modelwright.d.ts: 3 names",
        "✓ wrote modelwright.d.ts: 4 names (+ more)",
        "✓ wrote modelwright.d.ts: 4 names (+ near, - far)\n",
      ].join("\n"),
    );
    expect(err).toContain("watching models.toml, Ctrl-C stops it");
    expect(code).toBe(0);
    expect(read(folder)).toContain("    near: {");
  });

  it("reports errors of an invalid edit and keeps the types until it is fixed", async () => {
    let kept = "";
    const { code, out, err } = await cli(["types", "--watch"], {
      toml: TOML,
      ...watching([
        edit((text) => `${text}\ntemprature = 1\n`),
        (folder) => {
          kept = read(folder);
          edit((text) => text.replace("temprature", "temperature"))(folder);
        },
      ]),
    });
    expect(kept).toBe(await generated());
    expect(err).toMatch(/models\.toml:\d+:1: error: unknown key "temprature"/);
    expect(err).toContain('did you mean "temperature"?');
    expect(out).toBe("✓ wrote modelwright.d.ts: 3 names\n✓ modelwright.d.ts is up to date: 3 names\n");
    expect(code).toBe(0);
  });

  it("survives a deleted and a replaced file", async () => {
    const { code, out, err } = await cli(["types", "--watch"], {
      toml: TOML,
      ...watching([
        (folder) => renameSync(join(folder, "models.toml"), join(folder, "away.toml")),
        (folder) => {
          writeFileSync(join(folder, "new.toml"), `${TOML}\n[models.more]\nextends = "fast"\n`);
          renameSync(join(folder, "new.toml"), join(folder, "models.toml"));
        },
      ]),
    });
    expect(err).toContain("file not found");
    expect(out).toContain("✓ wrote modelwright.d.ts: 4 names (+ more)\n");
    expect(code).toBe(0);
  });

  it("watches included files, including invalid ones and new ones of a pattern", async () => {
    const more = (name: string) => `[models.${name}]\nextends = "fast"\n`;
    const { out, err, code } = await cli(["types", "--watch"], {
      toml: `include = ["more-*.toml"]\n${TOML}`,
      files: { "more-1.toml": `${more("one")}temprature = 1\n` },
      ...watching([
        (folder) => writeFileSync(join(folder, "more-1.toml"), more("one")),
        (folder) => writeFileSync(join(folder, "more-1.toml"), more("uno")),
        (folder) => writeFileSync(join(folder, "more-2.toml"), more("two")),
      ]),
    });
    expect(err).toContain("more-1.toml:3:1");
    expect(out).toBe(
      [
        "✓ wrote modelwright.d.ts: 4 names",
        "✓ wrote modelwright.d.ts: 4 names (+ uno, - one)",
        "✓ wrote modelwright.d.ts: 5 names (+ two)\n",
      ].join("\n"),
    );
    expect(code).toBe(0);
  });

  it("reports nothing for an edit without type changes", async () => {
    const { out } = await cli(["types", "--watch"], {
      toml: TOML,
      ...watching([
        (folder) => {
          edit((text) => `# words\n${text}`)(folder);
          // The silence ends with an edit that is told: what came before it was seen, or is seen together with it.
          add("more")(folder);
        },
      ]),
    });
    expect(out.split("\n")).toHaveLength(3);
  });

  it("prints each write as one line of JSON", async () => {
    const { out } = await cli(["types", "--watch", "--json"], { toml: TOML, ...watching([add("more")]) });
    const told = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { added: string[] });
    expect(told.map(({ added }) => added)).toEqual([["fast", "careful", "far"], ["more"]]);
  });

  it("exits with 2 without a file", async () => {
    const { code, err } = await cli(["types", "--watch"]);
    expect(err).toContain("no models.toml");
    expect(code).toBe(2);
  });
});
