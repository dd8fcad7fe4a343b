import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse as parseToml } from "smol-toml";
import { expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { refusal } from "../harness/parse-config.ts";
import { lint, tombi } from "./tombi.ts";

const CONFIG = new URL("../config/", import.meta.url);
const filesOf = (folder: string) => readdirSync(new URL(`${folder}/`, CONFIG)).filter((file) => file.endsWith(".toml"));

/** Whole files of mistakes that no schema of one table can see, and why. */
const UNSEEN: Readonly<Record<string, string>> = {
  "addresses.toml": "what an address must end in depends on the wire, which another table may give",
  "dangling-names.toml": "a name is looked up among the entries, also those of other files",
  "extends-circle.toml": "a circle runs through several entries",
  "key-names.toml": "a pattern cannot except what another one describes",
  "message-parts.toml": "parts of messages are passed on as they are and read by the wire's own rules",
  "milliseconds.toml": "a suspicious number is told from a meant one by the way it is written",
  "missing-name-and-provider.toml": "they may come from `extends`, [defaults], a profile, another file or a variable",
  "no-models.toml": "an included file, or one laid over others, may have none",
  "not-finite.toml": "JSON has no nan and no inf, so its schemas cannot speak of them",
  "profile-names.toml": "a profile may have entries of its own",
  "provider-of-nobody.toml": "a provider is used by the entries, also those of other files",
  "provider-without-address.toml": "base_url may come from `extends`, [defaults], [providers.NAME] or a variable",
  "too-deep.toml": "a table that is passed on as it is has no schema",
  "unknown-provider.toml": "a name of one's own is legal, and its address may come from elsewhere",
  "unknown-wire.toml": "dialects registered from code are legal",
  "waits-the-wrong-way-round.toml": "no schema compares two values",
};

describeWith(tombi, "a linter that knows only the JSON Schema", () => {
  it("reports nothing in files that the library accepts", () => {
    const { wrong, summary } = lint("good", fileURLToPath(CONFIG));
    expect(wrong).toEqual([]);
    expect(summary).toBe(`${filesOf("good").length} files linted successfully`);
  });

  it("finds the schema through the first line of the example", () => {
    expect(lint("models.toml", fileURLToPath(new URL("../../", CONFIG)))).toEqual({
      wrong: [],
      summary: "1 file linted successfully",
    });
  });

  it("rejects files that the library rejects, without errors on valid lines", () => {
    const names = filesOf("bad");
    const { wrong, summary } = lint("bad", fileURLToPath(CONFIG));
    const unseen = names.filter((name) => !wrong.some(({ file }) => file === `bad/${name}`));
    expect(unseen).toEqual(Object.keys(UNSEEN));
    expect(summary).toContain(`${names.length - unseen.length} files failed to be linted`);
    for (const name of names) {
      const text = readFileSync(new URL(`bad/${name}`, CONFIG), "utf8");
      const lines = refusal(text, { file: name }).problems.map(({ line }) => line);
      const found = wrong.filter(({ file }) => file === `bad/${name}`);
      // The library reads no further than the first mistake of TOML itself.
      const judged = isToml(text) ? found : found.slice(0, 1);
      expect(judged.filter(({ line }) => !lines.includes(line))).toEqual([]);
    }
  });
});

function isToml(text: string): boolean {
  try {
    parseToml(text);
    return true;
  } catch {
    return false;
  }
}
