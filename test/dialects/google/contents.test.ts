import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { requestOf, targetOf } from "../contract.ts";
import { history } from "../histories.ts";
import { checkGenerate } from "./legal.ts";

const target = targetOf({ provider: "google", dialect: "google" });

describe("the contents of a Gemini request", () => {
  it("are valid for any history whose calls are answered", () => {
    fc.assert(
      fc.property(history, (messages) => {
        expect(checkGenerate(encodeGenerate(requestOf({ messages }), target).params)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("keep every signature of this provider in order, and no other", () => {
    fc.assert(
      fc.property(history, (messages) => {
        const own = messages.flatMap(({ content }) =>
          typeof content === "string"
            ? []
            : content.flatMap((part) => (part.type === "reasoning" && part.owner === "google" ? [part.signature] : [])),
        );
        const { contents } = encodeGenerate(requestOf({ messages }), target).params;
        const sent = [...JSON.stringify(contents).matchAll(/"thoughtSignature":"([^"]*)"/g)].map((match) => match[1]);
        expect(sent).toEqual(own);
      }),
    );
  });
});
