import { createInterface, type Interface } from "node:readline";
import type { Command } from "commander";
import { type CliContext, Exit } from "../context.ts";
import { Conversation } from "../conversation.ts";
import { openProject } from "../project.ts";

interface ChatFlags {
  readonly model?: string;
  readonly system?: string;
}

export function configureChat(command: Command, context: CliContext): void {
  command
    .option("-m, --model <name>", "entry of models.toml (default: default_model)")
    .option("-s, --system <text>", "instructions, instead of the entry's")
    .addHelpText(
      "after",
      "\nCtrl-C stops the current answer; twice exits. With --json each answer is one line of JSON.\n",
    )
    .action((flags: ChatFlags) => chat(flags, context));
}

const PROMPT = "› ";

async function chat(flags: ChatFlags, context: CliContext): Promise<void> {
  const project = await openProject(context);
  try {
    const talk = new Conversation(project, context, flags.model ?? project.config.defaultModel, flags.system);
    const isShown = context.io.isTTY && context.io.stdin.isTTY === true;
    const lines = openLines(context, isShown);
    if (isShown) welcome(lines, talk, context);
    await converse(lines, talk, context, isShown);
    if (talk.failed && !isShown) throw new Exit(1);
  } finally {
    await project.factory.close();
  }
}

function openLines({ io, print, signal }: CliContext, isShown: boolean): Interface {
  const output = isShown ? io.stdout : undefined;
  const prompt = print.paint.cyan(PROMPT);
  const lines = createInterface({ input: io.stdin, output, terminal: isShown, prompt });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  return lines;
}

function welcome(lines: Interface, talk: Conversation, context: CliContext): void {
  watchKeys(lines, talk, context);
  const { print } = context;
  print.note(print.notePaint.dim(`${talk.heading}   /help lists the commands, Ctrl-D exits`));
}

async function converse(lines: Interface, talk: Conversation, { signal }: CliContext, isShown: boolean): Promise<void> {
  // Starts before the prompt is printed, or an early line would be lost.
  const heard = lines[Symbol.asyncIterator]();
  if (isShown) lines.prompt();
  for await (const line of { [Symbol.asyncIterator]: () => heard }) {
    if ((await talk.handle(line)) === "exit" || signal.aborted) break;
    if (isShown) lines.prompt();
  }
  lines.close();
}

/** The first Ctrl-C aborts the running answer, the second exits. */
function watchKeys(lines: Interface, talk: Conversation, { print }: CliContext): void {
  let asked = false;
  lines.on("line", () => {
    asked = false;
  });
  lines.on("SIGINT", () => {
    if (asked) return lines.close();
    asked = true;
    if (talk.interrupt()) return;
    print.note(`\n${print.notePaint.dim("Ctrl-C again exits")}`);
    lines.prompt();
  });
}
