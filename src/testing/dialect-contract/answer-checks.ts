import { isModelError, type Reply } from "../../index.ts";
import { broken, type DialectAnswer, type DialectContract, type Form, formsOf } from "./contract.ts";
import { checkEvents, checkReply, checkSame } from "./event-rules.ts";
import { answerInBytes, answerPart, answerWith } from "./provider.ts";
import { ask, soon, type Workbench, withDialect } from "./workbench.ts";

export function testAnswers(contract: DialectContract): void {
  const { test, answers } = contract;
  for (const [name, answer] of Object.entries(answers))
    test(`${name}: gives the expected reply, with and without a stream`, () =>
      withDialect(contract, async (bench) => {
        const [first, second] = formsOf(answer);
        const reply = await read(bench, answer, first);
        if (second !== undefined) checkSame(await read(bench, answer, second), reply, "without a stream");
      }));
}

async function read(bench: Workbench, answer: DialectAnswer, form: Form): Promise<Reply> {
  bench.provider.answer = answerWith(answer, form);
  const reply = await ask(bench.model, form, answer.prompt);
  checkEvents(bench.events, reply);
  checkReply(reply, answer.reply);
  if (answer[form] !== undefined) checkWay(bench);
  return reply;
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

  test("gives the same reply if the bytes of a stream arrive one by one", () =>
    withDialect(contract, async (bench) => {
      const whole = await read(bench, text, "stream");
      bench.provider.answer = answerInBytes(text);
      checkSame(await ask(bench.model, "stream", text.prompt), whole, "byte by byte");
    }));
  test("never reports a truncated stream as complete", () =>
    withDialect(contract, async (bench) => {
      const whole = await read(bench, text, "stream");
      for (const then of ["end", "break"] as const)
        for (let count = 0; count < parts; count++) await truncate(bench, text, whole, { count, then });
    }));
  test("yields a part of an answer as soon as it arrives, and closes the connection when aborted", () =>
    withDialect(contract, (bench) => stopReading(bench, text, "abort")));
  test("closes the connection when the reader leaves the stream", () =>
    withDialect(contract, (bench) => stopReading(bench, text, "leave")));
  test("closes the connection when aborted before the response", () =>
    withDialect(contract, async ({ model, provider }) => {
      const controller = new AbortController();
      provider.answer = () => {};
      const failure = ask(model, "stream", text.prompt, { signal: controller.signal }).catch((error: unknown) => error);
      const { closed } = await soon(provider.arrived, "the dialect sent no request");
      controller.abort();
      await soon(failure, "the dialect went on waiting after an abort; it must pass `call.cancellation` on");
      await soon(closed, "the connection is still open after an abort; the dialect must close it");
    }));
}

interface Cut {
  readonly count: number;
  readonly then: "end" | "break";
}

async function truncate(bench: Workbench, text: DialectAnswer, whole: Reply, { count, then }: Cut): Promise<void> {
  const at = `a stream that ${then === "end" ? "ended" : "broke"} after ${count} of ${text.stream?.length} parts`;
  bench.provider.answer = answerPart(text, count, then);
  const call = bench.model.safeCodegen(text.prompt ?? "Hello", { stream: true });
  const outcome = await soon(call, `${at} never ended`);
  // The usage may be in the last part.
  if (outcome.ok) checkSame({ ...outcome.reply, usage: whole.usage }, whole, `${at} was reported as complete`);
  else if (!TRUNCATED.has(outcome.error.code))
    throw broken(
      `${at} failed with ${outcome.error.code} (${String(bench.thrown)}); it must fail with stream_truncated`,
    );
}

const TRUNCATED = new Set<string>(["stream_truncated", "empty_response", "connection_failed"]);

async function stopReading({ model, provider }: Workbench, text: DialectAnswer, how: "abort" | "leave"): Promise<void> {
  const controller = new AbortController();
  provider.answer = answerPart(text, (text.stream?.length ?? 0) - 1, "wait");
  const events = model.stream(text.prompt ?? "Hello", { signal: controller.signal })[Symbol.asyncIterator]();
  await soon(firstText(events), "the dialect held back text until the end of the response; it must yield it at once");
  if (how === "leave") await events.return?.();
  else {
    controller.abort();
    const ended = drain(events);
    const failure = await soon(
      ended,
      "the dialect went on reading after an abort; it must pass `call.cancellation` on",
    );
    if (!isModelError(failure, "aborted"))
      throw broken(`the stream ended with ${String(failure)} after an abort; it must end with aborted`);
  }
  const { closed } = await provider.arrived;
  await soon(closed, "the connection is still open; the dialect must close it when its events are no longer read");
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
