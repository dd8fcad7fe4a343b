import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unsupportedNode } from "../../src/core/node-version.ts";

describe("a Node that is too old", () => {
  it.each(["18.20.4", "20.20.2", "22.18.9", "22.2.0"])("%s is rejected with its version", (version) => {
    expect(unsupportedNode(version)).toBe(`modelwright needs Node 22.19 or newer; this is Node ${version}`);
  });

  it.each(["22.19.0", "22.20.1", "24.0.0", "26.3.0-pre"])("%s is not", (version) => {
    expect(unsupportedNode(version)).toBeUndefined();
  });

  it("matches package.json", () => {
    const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    const oldest = /^>=([\d.]+)$/.exec(engines.node)?.[1];
    expect(unsupportedNode("20.0.0")).toContain(`needs Node ${oldest} or newer`);
    expect(unsupportedNode(`${oldest}.0`)).toBeUndefined();
  });
});
