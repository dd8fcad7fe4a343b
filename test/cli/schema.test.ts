import { describe, expect, it } from "vitest";
import { editorSchema } from "../../src/target/editor-schema.ts";
import { cli } from "../harness/terminal.ts";

describe("schema", () => {
  it("prints the JSON Schema of models.toml", async () => {
    const { code, out, err } = await cli(["schema"]);
    expect(JSON.parse(out)).toEqual(editorSchema());
    expect([code, err]).toEqual([0, ""]);
  });
});
