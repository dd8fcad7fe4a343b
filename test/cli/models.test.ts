import { describe, expect, it } from "vitest";
import { cli, TOML } from "../harness/terminal.ts";

describe("models", () => {
  it("lists the entries in aligned columns, the default marked", async () => {
    const { golden } = await cli(["models"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/models.txt");
  });

  it("lists the entries as JSON", async () => {
    const { golden } = await cli(["models", "--json"], { toml: TOML });
    await expect(golden).toMatchFileSnapshot("golden/models-json.txt");
  });

  it("shows wire and URL of an entry without its key", async () => {
    const toml = '[models.a]\nname = "claude-sonnet-4-5"\nprovider = "anthropic"\n';
    const { out } = await cli(["models", "--json"], { toml });
    expect(JSON.parse(out)).toMatchObject([{ wire: "anthropic", baseUrl: "https://api.anthropic.com", usable: false }]);
  });

  it.each([76, 90, 110])("fits a terminal of %i columns", async (columns) => {
    const argv = ["models", "--catalog", "gpt-4o-mini", "--no-color"];
    const { out } = await cli(argv, { terminal: true, columns });
    const lines = out.trimEnd().split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(out.includes("vision")).toBe(columns > 76);
  });

  it("searches the catalog without a models.toml", async () => {
    const { code, out, err } = await cli(["models", "--catalog", "claude-sonnet-4-5"]);
    expect(out).toMatch(/^ {2}anthropic +claude-sonnet-4-5 +200k +64k +\$3\.00 \/ \$15\.00 /m);
    expect(err).toMatch(/^\d+ models? with "claude-sonnet-4-5"\n$/);
    expect(code).toBe(0);
  });

  it("prints the catalog as JSON", async () => {
    const { out } = await cli(["models", "--catalog", "openai/gpt-4o", "--json"]);
    const infos = JSON.parse(out) as { id: string; provider: string; context: number }[];
    expect(infos).toContainEqual(expect.objectContaining({ id: "gpt-4o", provider: "openai", context: 128_000 }));
  });

  it("marks entries that compute embeddings", async () => {
    const toml = '[models.a]\nname = "text-embedding-3-small"\nprovider = "openai"\n';
    expect((await cli(["models"], { toml })).out).toMatch(/a \* +openai +text-embedding-3-small .* – .* embeddings$/m);
  });

  it("lists groups and aliases below the entries", async () => {
    const toml = `default_model = "both"\n${TOML.replace(/^default_model.*$/m, "")}\n[aliases]\nquick = "fast"\n\n[groups.both]\nmembers = ["quick", "far"]\n`;
    const { out } = await cli(["models"], { toml });
    expect(out.split("\n").map((line) => line.trimEnd())).toEqual(
      expect.arrayContaining(["  both *  group, priority  fast, far", "  quick   alias            fast"]),
    );
    const [fast] = JSON.parse((await cli(["models", "--json"], { toml })).out) as unknown[];
    expect(fast).toMatchObject({ name: "fast", aliases: ["quick"], groups: ["both"] });
  });
});
