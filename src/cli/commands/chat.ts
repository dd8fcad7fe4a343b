import { createInterface } from "node:readline";
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
    .option("-s, --system <text>", "instructions, in place of the entry's")
    .addHelpText(
      "after",
      "\nCtrl-C ends the running answer, twice leaves. With --json each answer is one line of JSON.\n",
    )
    .action((flags: ChatFlags) => chat(flags, context));
}

const PROMPT = "› ";

async function chat(flags: ChatFlags, context: CliContext): Promise<void> {
  const { io, print } = context;
  const project = await openProject(context);
  try {
    const talk = new Conversation(project, context, flags.model ?? project.config.defaultModel, flags.system);
    const isShown = io.isTTY && io.stdin.isTTY === true;
    const lines = createInterface({
      input: io.stdin,
      output: isShown ? io.stdout : undefined,
      terminal: isShown,
      prompt: print.paint.cyan(PROMPT),
    });
    const leave = () => lines.close();
    context.signal.addEventListener("abort", leave, { once: true });
    if (isShown) watchKeys(lines, talk, context);
    if (isShown) print.note(print.notePaint.dim(`${talk.heading}   /help shows the commands, Ctrl-D leaves`));
    if (isShown) lines.prompt();
    for await (const line of lines) {
      if ((await talk.hear(line)) === "leave" || context.signal.aborted) break;
      if (isShown) lines.prompt();
    }
    lines.close();
    if (talk.failed && !isShown) throw new Exit(1);
  } finally {
    await project.factory.close();
  }
}

/** The first Ctrl-C ends the running answer, the second leaves. */
function watchKeys(lines: ReturnType<typeof createInterface>, talk: Conversation, { print }: CliContext): void {
  let asked = false;
  lines.on("line", () => {
    asked = false;
  });
  lines.on("SIGINT", () => {
    if (asked) return lines.close();
    asked = true;
    if (talk.interrupt()) return;
    print.note(`\n${print.notePaint.dim("Ctrl-C again leaves")}`);
    lines.prompt();
  });
}
