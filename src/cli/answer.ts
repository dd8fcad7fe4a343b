import type { Config } from "../config/load.ts";
import type { Attempt, ModelStream, Reply, ToolCall } from "../index.ts";
import type { CliContext } from "./context.ts";
import { printableLine } from "./printable.ts";
import { adjustmentLine, footer } from "./wording.ts";

/** Writes an answer to stdout, streamed or complete, and terminates its last line. */
export async function showAnswer(answer: ModelStream | Reply, context: CliContext): Promise<Reply> {
  const lines = new AnswerLines(context);
  try {
    return await (Symbol.asyncIterator in answer ? follow(answer, lines, context) : whole(answer, lines));
  } finally {
    lines.end();
  }
}

async function follow(stream: ModelStream, lines: AnswerLines, { print }: CliContext): Promise<Reply> {
  for await (const event of stream) {
    if (event.type === "text-delta") lines.write(event.text);
    if (event.type === "tool-call-end") lines.call(event.call);
    if (event.type === "reset") {
      lines.end();
      print.note(print.notePaint.yellow(`starting again: ${printableLine(event.reason)}`));
    }
  }
  const reply = await stream.reply;
  if (reply.refusal !== undefined) lines.write(reply.refusal);
  return reply;
}

function whole(reply: Reply, lines: AnswerLines): Reply {
  lines.write(reply.text);
  for (const call of reply.toolCalls) lines.call(call);
  if (reply.refusal !== undefined) lines.write(reply.refusal);
  return reply;
}

class AnswerLines {
  readonly #context: CliContext;
  #open = false;

  constructor(context: CliContext) {
    this.#context = context;
  }

  write(text: string): void {
    if (text === "") return;
    this.#context.print.answer(text);
    this.#open = !text.endsWith("\n");
  }

  call({ name, json }: ToolCall): void {
    this.end();
    this.write(`${name}(${json})\n`);
  }

  end(): void {
    if (this.#open) this.write("\n");
  }
}

/** Writes notes about an answer to stderr: fallback, adjustments, finish reason and, on a terminal, tokens and cost. */
export function showOutcome(reply: Reply, name: string, config: Config, { print, io }: CliContext): void {
  const paint = print.notePaint;
  const fallback = fallbackLine(reply, name, config);
  if (fallback !== undefined) print.note(`${paint.yellow("note:")} ${fallback}`);
  for (const adjustment of reply.adjustments) print.note(`${paint.yellow("note:")} ${adjustmentLine(adjustment)}`);
  if (reply.finishReason === "refusal") print.note(`${paint.yellow("note:")} the model refused`);
  if (reply.finishReason === "length")
    print.note(
      `${paint.yellow("note:")} the answer was truncated by the token limit; raise --max-tokens or max_new_tokens`,
    );
  if (io.stderr.isTTY === true) print.note(paint.dim(footer(reply)));
}

/** Says that a fallback answered and why the others failed; undefined if the model or a group member answered. */
function fallbackLine({ model, attempts }: Reply, name: string, config: Config): string | undefined {
  const resolved = config.resolveName(name);
  const meant = config.group(resolved)?.members.map((member) => member.model) ?? [resolved];
  if (meant.includes(model)) return undefined;
  const others = [...new Set(attempts.map((attempt) => attempt.model))].filter((other) => other !== model);
  const reasons = others.map((other) => `${other}: ${endOf(attempts.findLast((attempt) => attempt.model === other))}`);
  const why = reasons.length === 0 ? `${resolved} could not take the request` : reasons.join(", ");
  return printableLine(`"${model}" answered instead of "${resolved}" (${why})`);
}

function endOf(attempt: Attempt | undefined): string {
  return attempt?.error?.code ?? (attempt?.outcome === "aborted" ? "too slow" : "failed");
}
