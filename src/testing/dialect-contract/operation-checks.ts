import { isDeepStrictEqual } from "node:util";
import { broken, type DialectContract, shown } from "./contract.ts";
import { answerWith } from "./provider.ts";
import { withDialect } from "./workbench.ts";

/** The optional methods of a dialect. */
export function testOperations(contract: DialectContract): void {
  const { test, embed, countTokens, listModels } = contract;
  if (embed !== undefined)
    test("embeds texts", () =>
      withDialect(contract, async ({ model, provider }) => {
        provider.answer = answerWith(embed, "body");
        const { embeddings } = await model.embed(embed.texts);
        const wanted = embed.vectors.map((vector) => Float32Array.from(vector));
        expectSame("vectors", embeddings.map(Array.from), wanted.map(Array.from));
      }));
  if (countTokens !== undefined)
    test("counts the tokens of a prompt", () =>
      withDialect(contract, async ({ model, provider }) => {
        provider.answer = answerWith(countTokens, "body");
        expectSame("tokens", await model.countTokens("Hello", { exact: true }), countTokens.tokens);
      }));
  if (listModels !== undefined)
    test("lists models", () =>
      withDialect(contract, async ({ factory, provider }) => {
        provider.answer = answerWith(listModels, "body");
        const { models } = await factory.discover();
        expectSame(
          "model ids",
          models.map(({ id }) => id),
          listModels.ids,
        );
      }));
}

function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected))
    throw broken(`the dialect gave the ${what} ${shown(actual)}; it must give ${shown(expected)}`);
}
