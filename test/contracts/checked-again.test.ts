import { expect, it } from "vitest";
import { describeWith } from "../harness/needs.ts";
import { hasOpenaiSchema } from "../harness/openai-schema.ts";
import { CHECKED_AGAIN } from "../harness/selection.ts";

describeWith("contracts", "OpenAI's description of its API", () => {
  it.each(CHECKED_AGAIN)("checks every OpenAI request of %s", () => {
    expect(hasOpenaiSchema).toBe(true);
  });
});
