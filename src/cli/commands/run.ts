import type { Command } from "commander";
import { COMMAND } from "../../core/command.ts";
import type { CallOptions, Input, Model, Reply } from "../../index.ts";
import { showAnswer, showOutcome } from "../answer.ts";
import { type CliContext, Exit } from "../context.ts";
import { collect, readCount, readEffort, readNumber } from "../flag-values.ts";
import { withProject } from "../project.ts";
import { readPrompt } from "../prompt.ts";

interface RunFlags {
  readonly model?: string;
  readonly system?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly effort?: string | number;
  readonly file?: readonly string[];
  readonly stream: boolean;
  readonly quiet?: boolean;
  readonly raw?: boolean;
}

export function configureRun(command: Command, context: CliContext): void {
  command
    .argument("[prompt...]", "the prompt; piped input is appended")
    .option("-m, --model <name>", "entry of models.toml (default: default_model)")
    .option("-s, --system <text>", "instructions, instead of the entry's")
    .option("-t, --temperature <number>", "0 to 2", readNumber)
    .option("--max-tokens <number>", "maximum tokens of the answer", readCount)
    .option("--effort <word>", "reasoning effort: none, minimal, low, medium, high, or 0 to 1", readEffort)
    .option("-f, --file <file>", "attach a text, an image, audio or a PDF; may be repeated", collect)
    .option("--no-stream", "print the answer when it is complete")
    .option("--raw", "with --json: include the provider's response")
    .option("-q, --quiet", "only errors on stderr")
    .addHelpText("after", EXAMPLES)
    .action((words: string[], flags: RunFlags) => run(words, flags, context));
}

const EXAMPLES = `
Examples:
  ${COMMAND} run -m coder "Write a haiku about sockets"
  git diff | ${COMMAND} run "Write a commit message for this"
  ${COMMAND} run -f diagram.png --json "What is in this picture?"
`;

async function run(words: readonly string[], flags: RunFlags, context: CliContext): Promise<void> {
  await withProject(context, async ({ factory, config }) => {
    const model = factory.get(flags.model ?? config.defaultModel);
    const input = await readPrompt(words, flags.file ?? [], context);
    const reply = await answer(model, input, flags, context);
    if (context.flags.json === true) return printJson(reply, flags, context);
    if (flags.quiet !== true) showOutcome(reply, model.name, config, context);
    if (reply.finishReason === "refusal") throw new Exit(1);
  });
}

/** Text written to a pipe cannot be retracted, so a call that may restart is not streamed there. */
function streams(model: Model, flags: RunFlags, { io }: CliContext): boolean {
  return flags.stream && (io.isTTY || model.config.onBreak !== "restart");
}

async function answer(model: Model, input: Input, flags: RunFlags, context: CliContext): Promise<Reply> {
  const { print } = context;
  const options = callOptions(flags, context);
  print.busy(String(model));
  if (context.flags.json !== true && streams(model, flags, context))
    return showAnswer(model.stream(input, options), context);
  const reply = await model.codegen(input, options);
  if (context.flags.json !== true) await showAnswer(reply, context);
  return reply;
}

function callOptions({ system, temperature, maxTokens, effort }: RunFlags, { signal }: CliContext): CallOptions {
  return { system, temperature, maxTokens, reasoningEffort: effort as CallOptions["reasoningEffort"], signal };
}

function printJson(reply: Reply, flags: RunFlags, { print }: CliContext): void {
  const { raw, ...rest } = reply;
  print.json(flags.raw === true ? { ...rest, raw } : rest);
  if (reply.finishReason === "refusal") throw new Exit(1);
}
