import { describe, expect, it } from "vitest";
import { currentModels } from "../../src/catalog/current-models.ts";
import { infoOf } from "../../src/catalog/lookup.ts";

describe("the models that are suggested", () => {
  it("are known, call tools and stay in service", () => {
    for (const id of currentModels()) {
      expect(infoOf(id), id).toMatchObject({ retiresOn: undefined, capabilities: { tools: true } });
    }
  });

  it("are few, each once, the newest of a family for all of it", () => {
    const ids = currentModels();
    expect(ids.length).toBeGreaterThan(30);
    expect(ids.length).toBeLessThan(100);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith("claude-sonnet"))).toHaveLength(1);
  });

  it("are no previews and no dated copies", () => {
    expect(currentModels().filter((id) => /preview|latest|20\d{6}/.test(id))).toEqual([]);
  });
});
