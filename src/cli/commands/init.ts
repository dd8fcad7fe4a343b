import { access, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { PROVIDERS } from "../catalog.ts";
import { columns } from "../columns.ts";
import { type CliContext, Exit, UsageError } from "../context.ts";
import { type StarterEntry, starterFile } from "../starter-file.ts";

interface InitFlags {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export function configureInit(command: Command, context: CliContext): void {
  command
    .argument("[file]", "where to write", "models.toml")
    .option("--force", "overwrite an existing file")
    .option("-y, --yes", "ask nothing")
    .action((file: string, flags: InitFlags) => init(file, flags, context));
}

async function init(file: string, flags: InitFlags, context: CliContext): Promise<void> {
  const path = resolve(context.io.cwd, file);
  if (flags.force !== true && (await exists(path))) throw alreadyThere(path, context);
  const found = foundEntries(context.env);
  const chosen = isInteractive(flags, context)
    ? await ask(found, context)
    : { entries: found, defaultModel: found[0]?.entry ?? SIMULATED };
  const text = starterFile(chosen.entries, chosen.defaultModel, await schemaFor(path));
  // "wx" also refuses a link that leads to nothing.
  await writeFile(path, text, { flag: flags.force === true ? "w" : "wx" }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? alreadyThere(path, context) : error;
  });
  tell(path, found, chosen.defaultModel, context);
}

function alreadyThere(path: string, { print }: CliContext): UsageError {
  return new UsageError(`${print.path(path)} is already there`, "Give --force to overwrite it, or another file name.");
}

const SIMULATED = "simulated";

/** A model of each provider to begin with: good at code, not its dearest. */
export const STARTERS: readonly { readonly provider: string; readonly entry: string; readonly model: string }[] = [
  { provider: "anthropic", entry: "claude", model: "claude-sonnet-5-5" },
  { provider: "openai", entry: "gpt", model: "gpt-6.1-terra" },
  { provider: "google", entry: "gemini", model: "gemini-3.8-flash" },
  { provider: "deepseek", entry: "deepseek", model: "deepseek-v4-flash" },
  { provider: "mistral", entry: "mistral", model: "mistral-large-latest" },
  { provider: "xai", entry: "grok", model: "grok-4.7" },
  { provider: "groq", entry: "groq", model: "llama-3.3-70b-versatile" },
  { provider: "openrouter", entry: "openrouter", model: "anthropic/claude-sonnet-5.5" },
];

function foundEntries(env: CliContext["env"]): StarterEntry[] {
  return STARTERS.flatMap(({ provider, entry, model }) => {
    const row = PROVIDERS.find(({ id }) => id === provider);
    const variable = row?.keyEnv.find((name) => (env[name] ?? "").trim() !== "");
    return row === undefined || variable === undefined ? [] : [{ entry, provider, model, label: row.label, variable }];
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where the editor finds the schema: in an installed package if there is one, else where `schema >` would put it. */
async function schemaFor(path: string): Promise<string> {
  const installed = "node_modules/modelwright/schemas/models.schema.json";
  return (await exists(resolve(dirname(path), installed))) ? `./${installed}` : "./models.schema.json";
}

function isInteractive(flags: InitFlags, { io, flags: { json } }: CliContext): boolean {
  return flags.yes !== true && json !== true && io.isTTY && io.stdin.isTTY === true;
}

interface Chosen {
  readonly entries: readonly StarterEntry[];
  readonly defaultModel: string;
}

async function ask(found: readonly StarterEntry[], { io }: CliContext): Promise<Chosen> {
  const clack = await import("@clack/prompts");
  const streams = { input: io.stdin as NodeJS.ReadStream, output: io.stdout as NodeJS.WriteStream };
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (!clack.isCancel(answer)) return answer as Exclude<T, symbol>;
    clack.cancel("Nothing was written.", streams);
    throw new Exit(1);
  };
  if (found.length === 0) return { entries: [], defaultModel: SIMULATED };
  clack.intro("models.toml", streams);
  const picked = answered(await clack.multiselect({ ...streams, ...providerQuestion(found) }));
  const entries = found.filter(({ entry }) => picked.includes(entry));
  if (entries.length === 0) return { entries, defaultModel: SIMULATED };
  return { entries, defaultModel: answered(await clack.select({ ...streams, ...defaultQuestion(entries) })) };
}

function providerQuestion(found: readonly StarterEntry[]) {
  const message = "Keys of these providers were found. Use:";
  const options = found.map(({ entry, label, model, variable }) => ({
    ...{ value: entry, label: `${label} · ${model}`, hint: variable },
  }));
  return { message, options, initialValues: found.map(({ entry }) => entry), required: false };
}

function defaultQuestion(entries: readonly StarterEntry[]) {
  const names = [...entries.map(({ entry }) => entry), SIMULATED];
  return {
    message: "Which one is used when a program names none?",
    options: names.map((value) => ({ value, label: value })),
  };
}

function tell(path: string, found: readonly StarterEntry[], defaultModel: string, { print, flags }: CliContext): void {
  if (flags.json === true) {
    print.json({ file: path, defaultModel, providers: found.map(({ provider }) => provider) });
    return;
  }
  const { paint } = print;
  const keys =
    found.length === 0
      ? "no provider keys found; the simulator answers without one"
      : `keys found: ${found.map(({ variable }) => variable).join(", ")}`;
  const steps = [
    ["modelwright check", "is it correct, which keys are missing"],
    ['modelwright run "Hello"', `asks "${defaultModel}"`],
    [`modelwright explain ${defaultModel}`, "what would be sent"],
    ["modelwright types", "these names in TypeScript: a misspelt one does not compile"],
  ].map(([command = "", meaning = ""]) => [paint.cyan(command), paint.dim(meaning)]);
  print.line(`${paint.green("✓")} wrote ${paint.bold(print.path(path))} ${paint.dim(`(${keys})`)}`);
  print.line();
  for (const line of columns(undefined, steps, paint)) print.line(line);
}
