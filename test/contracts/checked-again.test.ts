import { expect, it } from "vitest";
import { describeWith } from "../needs.ts";
import { CHECKED_AGAIN } from "../selection.ts";
import { hasOpenaiSchema } from "./openai-schema.ts";

describeWith("contracts", "OpenAI's description of its API", () => {
  it.each(CHECKED_AGAIN)("checks every OpenAI request of %s", () => {
    expect(hasOpenaiSchema).toBe(true);
  });
});
