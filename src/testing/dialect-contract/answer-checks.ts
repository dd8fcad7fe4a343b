import type { Reply } from "../../index.ts";
import { broken, type DialectAnswer, type DialectContract, type Form, formsOf } from "./contract.ts";
import { checkEvents, checkReply, checkSame } from "./event-rules.ts";
import { answerInBytes, answerPart, answerWith } from "./provider.ts";
import { ask, soon, type Workbench, withDialect } from "./workbench.ts";

export function testAnswers(contract: DialectContract): void {
  const { test, answers } = contract;
  for (const [name, answer] of Object.entries(answers)) {
    for (const form of formsOf(answer))
      test(`${name}: reads ${form === "stream" ? "a stream" : "a response without a stream"}`, async () => {
        await read(contract, answer, form);
      });
    if (formsOf(answer).length === 2)
      test(`${name}: gives the same reply with and without a stream`, async () => {
        const streamed = await read(contract, answer, "stream");
        checkSame(await read(contract, answer, "body"), streamed, "without a stream");
      });
  }
}

async function read(contract: DialectContract, answer: DialectAnswer, form: Form): Promise<Reply> {
  return withDialect(contract, answerWith(answer, form), async (bench) => {
    const reply = await ask(bench.model, form, answer.prompt);
    checkEvents(bench.events, reply);
    checkReply(reply, answer.reply);
    if (answer[form] !== undefined) checkWay(bench);
    return reply;
  });
}

/** A request beside the transport has no timeouts and cannot be recorded, and `simulate` does not stop it. */
function checkWay({ sent, provider }: Workbench): void {
  if (provider.arrivals.length === 0)
    throw broken("the dialect sent no request to the provider; it must use `call.target.address.baseUrl`");
  if (sent === 0) throw broken("the dialect sent its request without `call.transport`; it must use its `fetch`");
}

/** `text` in parts, cut off, and left. */
export function testDelivery(contract: DialectContract): void {
  const { test, answers } = contract;
  const { text } = answers;
  const parts = text.stream?.length ?? 0;
  if (parts === 0) return;
  if (parts < 2)
    throw broken("testDialect: answers.text.stream needs two parts or more, because checks stop between them");

  test("gives the same reply if the bytes of a stream arrive one by one", async () => {
    const whole = await read(contract, text, "stream");
    await withDialect(contract, answerInBytes(text), async ({ model }) => {
      checkSame(await ask(model, "stream", text.prompt), whole, "byte by byte");
    });
  });
  test("never reports a truncated stream as complete", async () => {
    const whole = await read(contract, text, "stream");
    for (const then of ["end", "break"] as const)
      for (let count = 0; count < parts; count++) await truncate(contract, whole, count, then);
  });
  test("yields a part of an answer as soon as it arrives, and closes the connection when aborted", async () => {
    await stopReading(contract, (controller) => controller.abort());
  });
  test("closes the connection when the reader leaves the stream", async () => {
    await stopReading(contract, undefined);
  });
  test("closes the connection when aborted before the response", async () => {
    const controller = new AbortController();
    await withDialect(
      contract,
      () => {},
      async ({ model, provider }) => {
        const failure = ask(model, "stream", text.prompt, { signal: controller.signal }).catch(
          (error: unknown) => error,
        );
        const { closed } = await soon(provider.arrived, "the dialect sent no request");
        controller.abort();
        await soon(failure, "the dialect went on waiting after an abort; it must pass `call.cancellation` on");
        await soon(closed, "the connection is still open after an abort; the dialect must close it");
      },
    );
  });
}

async function truncate(contract: DialectContract, whole: Reply, count: number, then: "end" | "break"): Promise<void> {
  const { text } = contract.answers;
  const at = `a stream that ${then === "end" ? "ended" : "broke"} after ${count} of ${text.stream?.length} parts`;
  await withDialect(contract, answerPart(text, count, then), async ({ model, thrown }) => {
    const outcome = await soon(model.safeCodegen(text.prompt ?? "Hello", { stream: true }), `${at} never ended`);
    if (outcome.ok) checkSame({ ...outcome.reply, usage: whole.usage }, whole, `${at} was reported as complete`);
    else if (!TRUNCATED.has(outcome.error.code))
      throw broken(`${at} failed with ${outcome.error.code} (${String(thrown)}); it must fail with stream_truncated`);
  });
}

const TRUNCATED = new Set<string>(["stream_truncated", "empty_response", "connection_failed"]);

async function stopReading(
  contract: DialectContract,
  abort: ((controller: AbortController) => void) | undefined,
): Promise<void> {
  const { text } = contract.answers;
  const controller = new AbortController();
  await withDialect(contract, answerPart(text, (text.stream?.length ?? 0) - 1, "wait"), async ({ model, provider }) => {
    const events = model.stream(text.prompt ?? "Hello", { signal: controller.signal })[Symbol.asyncIterator]();
    await soon(firstText(events), "the dialect held back text until the end of the response; it must yield it at once");
    if (abort === undefined) await events.return?.();
    else {
      abort(controller);
      const ended = drain(events);
      const failure = await soon(
        ended,
        "the dialect went on reading after an abort; it must pass `call.cancellation` on",
      );
      if ((failure as { code?: unknown } | undefined)?.code !== "aborted")
        throw broken(`the stream ended with ${String(failure)} after an abort; it must end with aborted`);
    }
    const { closed } = await provider.arrived;
    await soon(closed, "the connection is still open; the dialect must close it when its events are no longer read");
  });
}

async function firstText(events: AsyncIterator<{ readonly type: string }>): Promise<void> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) throw broken("the stream ended without text");
    if (value.type === "text-delta") return;
  }
}

/** Reads to the end; gives the failure. */
async function drain(events: AsyncIterator<unknown>): Promise<unknown> {
  try {
    while ((await events.next()).done !== true);
    return undefined;
  } catch (error) {
    return error;
  }
}
