import type { Command } from "commander";
import type { GroupConfig } from "../../config/load.ts";
import type { CallOptions } from "../../index.ts";
import type { Sample } from "../capture.ts";
import type { CliContext } from "../context.ts";
import { entryRow } from "../entry-row.ts";
import { explain } from "../explanation.ts";
import { explanationText } from "../explanation-text.ts";
import { readCount, readEffort, readNumber } from "../flag-values.ts";
import { groupText } from "../group-text.ts";
import { lookAtProject, type Project } from "../project.ts";

interface ExplainFlags {
  readonly prompt: string;
  readonly system?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly effort?: string | number;
  readonly stream?: boolean;
}

export function configureExplain(command: Command, context: CliContext): void {
  command
    .argument("[name]", "entry or group of models.toml (default: default_model)")
    .option("--prompt <text>", "the prompt to show the request for", "Hello")
    .option("-s, --system <text>", "as in run")
    .option("-t, --temperature <number>", "as in run", readNumber)
    .option("--max-tokens <number>", "as in run", readCount)
    .option("--effort <word>", "as in run", readEffort)
    .option("--stream", "show the request of a streamed answer")
    .addHelpText(
      "after",
      "\nNothing is sent. It shows the request that the provider's SDK would send; credentials are masked.\n",
    )
    .action((name: string | undefined, flags: ExplainFlags) => explainEntry(name, flags, context));
}

async function explainEntry(name: string | undefined, flags: ExplainFlags, context: CliContext): Promise<void> {
  await lookAtProject(context, async (project) => {
    const { config } = project;
    const resolved = config.resolveName(name ?? config.defaultModel);
    const group = config.group(resolved);
    if (group !== undefined) return showGroup(group, project, context);
    const explanation = await explain(project, sampleOf(resolved, flags), context);
    if (context.flags.json === true) return context.print.json(explanation);
    context.print.lines(explanationText(explanation, context.print));
  });
}

/** Explains only the group; its members are entries, which are explained separately. */
async function showGroup(group: GroupConfig, project: Project, { print, flags }: CliContext): Promise<void> {
  if (flags.json === true) return print.json(group);
  const members = await Promise.all(group.members.map(({ model }) => entryRow(project, model)));
  print.lines(groupText(group, members, print));
}

function sampleOf(name: string, flags: ExplainFlags): Sample {
  const { prompt, system, temperature, maxTokens, effort, stream = false } = flags;
  const reasoningEffort = effort as CallOptions["reasoningEffort"];
  return { name, prompt, options: { system, temperature, maxTokens, reasoningEffort }, streaming: stream };
}
