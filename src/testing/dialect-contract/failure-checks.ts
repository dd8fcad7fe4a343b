import { inspect } from "node:util";
import { isModelError, type ModelErrorCode } from "../../index.ts";
import { broken, type DialectContract, type DialectResponse, type Form, formsOf } from "./contract.ts";
import { type Answer, answerWith } from "./provider.ts";
import { ask, KEY, soon, type Workbench, withDialect } from "./workbench.ts";

export function testFailures(contract: DialectContract): void {
  const { test, failures = {}, answers } = contract;
  for (const [name, failure] of Object.entries(failures))
    for (const form of formsOf(failure))
      test(`${name}: fails with ${failure.code}, ${form === "stream" ? "in a stream" : "without a stream"}`, async () => {
        await fail(contract, answerWith(failure, form), form, failure.code);
      });
  for (const form of formsOf(answers.text)) {
    if (answers.text[form] === undefined) continue;
    const how = form === "stream" ? "a stream" : "a response without a stream";
    test(`throws a ModelError for ${how} in another format`, async () => {
      await fail(contract, answerWith(page(form), form), form);
      await fail(contract, answerWith({ ...page(form), status: 502 }, form), form);
    });
    test(`keeps the API key out of the error if ${how} repeats it`, async () => {
      await fail(contract, repeatRequest, form);
    });
  }
}

/** A page of a proxy. */
function page(form: Form): DialectResponse {
  const html = "<html><body>Bad gateway</body></html>";
  return { headers: { "content-type": "text/html" }, ...(form === "stream" ? { stream: [html] } : { body: html }) };
}

/** Some providers quote the request in their errors. */
const repeatRequest: Answer = (response, { text }) => {
  const message = `invalid request: ${text}`;
  response.writeHead(401, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, type: "authentication_error", code: 401 }, message }));
};

async function fail(contract: DialectContract, answer: Answer, form: Form, code?: ModelErrorCode): Promise<void> {
  await withDialect(contract, answer, async (bench) => {
    const outcome = await soon(outcomeOf(bench, form, contract.answers.text.prompt), "the call never ended");
    if (outcome === undefined) throw broken(`the call succeeded; it must fail with ${code ?? "a ModelError"}`);
    checkError(bench, outcome, code);
  });
}

async function outcomeOf({ model }: Workbench, form: Form, prompt: string | undefined): Promise<unknown> {
  return ask(model, form, prompt).then(
    () => undefined,
    (error: unknown) => error,
  );
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
