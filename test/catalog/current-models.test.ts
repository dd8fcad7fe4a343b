import { describe, expect, it } from "vitest";
import { currentModels } from "../../src/catalog/current-models.ts";
import { infoOf } from "../../src/catalog/lookup.ts";

describe("suggested models", () => {
  it("are known, support tools and have no announced end", () => {
    for (const id of currentModels()) {
      expect(infoOf(id), id).toMatchObject({ retiresOn: undefined, capabilities: { tools: true } });
    }
  });

  it("are few, without duplicates, the newest of each family", () => {
    const ids = currentModels();
    expect(ids.length).toBeGreaterThan(30);
    expect(ids.length).toBeLessThan(100);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith("claude-sonnet"))).toHaveLength(1);
  });

  it("exclude previews and dated copies", () => {
    expect(currentModels().filter((id) => /preview|latest|20\d{6}/.test(id))).toEqual([]);
  });
});
