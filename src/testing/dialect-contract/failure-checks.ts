import { inspect } from "node:util";
import { isModelError, type ModelErrorCode } from "../../index.ts";
import { broken, type DialectContract, type DialectResponse, type Form, formsOf, isSent } from "./contract.ts";
import { type Answer, answerWith } from "./provider.ts";
import { ask, KEY, soon, type Workbench, withDialect } from "./workbench.ts";

export function testFailures(contract: DialectContract): void {
  const { test, failures = {}, answers } = contract;
  for (const [name, failure] of Object.entries(failures))
    test(`${name}: fails with ${failure.code}`, () =>
      withDialect(contract, async (bench) => {
        for (const form of formsOf(failure)) await fail(bench, answerWith(failure, form), form, failure.code);
      }));
  const { text } = answers;
  if (!isSent(text)) return;
  test("throws a ModelError for a response in another format", () =>
    withDialect(contract, async (bench) => {
      for (const form of formsOf(text))
        for (const status of [200, 502]) await fail(bench, answerWith({ ...PAGE, status }, "body"), form);
    }));
  test("keeps the API key out of an error, even if the provider repeats it", () =>
    withDialect(contract, async (bench) => {
      for (const form of formsOf(text)) await fail(bench, repeatRequest, form);
    }));
}

/** Of a proxy. */
const PAGE: DialectResponse = {
  headers: { "content-type": "text/html" },
  body: "<html><body>Bad gateway</body></html>",
};

/** Some providers quote the request in their errors. */
const repeatRequest: Answer = (response, { text }) => {
  const message = `invalid request: ${text}`;
  response.writeHead(401, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, type: "authentication_error", code: 401 }, message }));
};

async function fail(bench: Workbench, answer: Answer, form: Form, code?: ModelErrorCode): Promise<void> {
  bench.provider.answer = answer;
  const outcome = ask(bench.model, form).then(
    () => undefined,
    (error: unknown) => error,
  );
  const error = await soon(outcome, "the call never ended");
  const how = form === "stream" ? "a stream" : "a response without a stream";
  if (error === undefined) throw broken(`${how} gave a reply; the call must fail with ${code ?? "a ModelError"}`);
  checkError(bench, error, code);
}

function checkError({ thrown }: Workbench, error: unknown, code: ModelErrorCode | undefined): void {
  if (thrown !== undefined && !isModelError(thrown))
    throw broken(`the dialect threw ${String(thrown)}; it must throw a ModelError with a code`);
  if (!isModelError(error)) throw broken(`the call failed with ${String(error)}; it must fail with a ModelError`);
  if (code !== undefined && error.code !== code)
    throw broken(`the call failed with ${error.code} (${error.message}); it must fail with ${code}`);
  const all = [inspect(error, { depth: 8 }), error.stack, error.message, inspect(error.cause, { depth: 8 })];
  if ([...all, JSON.stringify(error.details())].some((text) => text?.includes(KEY)))
    throw broken("the error contains the API key; the dialect must remove it from what the provider says");
}
