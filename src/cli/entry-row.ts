import { anyModelOf } from "../config/any-model-of.ts";
import { retirementOf } from "../core/retirement.ts";
import type { ConfigProblem, ListedModel, ModelDescription, OfferedModel, Price } from "../index.ts";
import { configProblems } from "./config-problems.ts";
import type { Printer } from "./print.ts";
import { printableLine } from "./printable.ts";
import type { Project } from "./project.ts";

/** One entry of a list. */
export interface EntryRow {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  readonly wire: string;
  readonly baseUrl: string;
  readonly context: number | null;
  readonly maxOutput: number | null;
  /** USD per million tokens; null if unknown. */
  readonly price: Price | null;
  readonly capabilities: ModelDescription["capabilities"];
  readonly fallbacks: readonly string[];
  readonly isDefault: boolean;
  /** Day or month of the model's release, if known. */
  readonly releasedOn: string | null;
  /** Whether its provider has deprecated it. */
  readonly deprecated: boolean;
  readonly retiresOn: string | null;
  /** Whether the entry is usable now. */
  readonly usable: boolean;
  readonly problems: readonly ConfigProblem[];
  /** Present for models without an entry. */
  readonly discovered?: true;
}

export async function entryRows(project: Project): Promise<EntryRow[]> {
  return Promise.all(project.config.names.map((name) => entryRow(project, name)));
}

export async function entryRow(project: Project, name: string): Promise<EntryRow> {
  const problems = problemsOf(project, name);
  return { ...describedRow(project, await project.describe(name)), usable: problems.length === 0, problems };
}

/** A row for each provider with `discover = true`, which may have no entry. */
export async function providerRows(project: Project): Promise<EntryRow[]> {
  const names = project.config.discovering.map(anyModelOf);
  return Promise.all(names.map(async (name) => ({ ...(await entryRow(project, name)), discovered: true as const })));
}

/** A model without an entry. Limits and dates come from its provider if the list has them. */
export function discoveredRow(project: Project, { discovered, ...description }: ListedModel): EntryRow {
  const row = describedRow(project, description);
  const { context, maxOutput, created, retiresOn }: Partial<OfferedModel> = discovered ?? {};
  return {
    ...{ ...row, usable: true, problems: [], discovered: true },
    context: context ?? row.context,
    maxOutput: maxOutput ?? row.maxOutput,
    releasedOn: created ?? row.releasedOn,
    retiresOn: retiresOn ?? row.retiresOn,
  };
}

function describedRow(
  { config, factory }: Project,
  { name, provider, modelId, dialect, baseUrl, context, maxOutput, price, capabilities, fallbacks }: ModelDescription,
): Omit<EntryRow, "usable" | "problems"> {
  const info = factory.info(modelId);
  return {
    ...{ name, provider, model: modelId, wire: dialect, baseUrl: provider === "simulator" ? "simulator" : baseUrl },
    ...{ context, maxOutput, price, capabilities, fallbacks },
    isDefault: name === config.defaultModel,
    releasedOn: info?.releasedOn ?? null,
    deprecated: info?.deprecated ?? false,
    // Other providers of a model have their own dates.
    retiresOn:
      info !== null && (provider === info.provider || provider === "simulator") ? (info.retiresOn ?? null) : null,
  };
}

function problemsOf({ factory }: Project, name: string): readonly ConfigProblem[] {
  try {
    factory.get(name);
    return [];
  } catch (error) {
    const problems = configProblems(error);
    if (problems === undefined) throw error;
    return problems;
  }
}

const SHORT: Readonly<Record<string, string>> = {
  tools: "tools",
  vision: "vision",
  reasoning: "reasoning",
  jsonSchema: "schema",
  promptCache: "cache",
  audio: "audio",
  files: "files",
  webSearch: "web",
  embeddings: "embeddings",
};

/** Short labels of the known capabilities of a model. */
export function abilities(capabilities: ModelDescription["capabilities"]): string {
  const known = capabilities as Readonly<Record<string, boolean | undefined>>;
  return Object.entries(SHORT)
    .filter(([name]) => known[name] === true)
    .map(([, word]) => word)
    .join(" ");
}

/** The retirement date or deprecation of a model. */
export function endingOf(
  { deprecated, retiresOn }: { readonly deprecated: boolean; readonly retiresOn?: string | null | undefined },
  nowMs = Date.now(),
): string {
  if (retiresOn == null) return deprecated ? "deprecated" : "";
  return `${retirementOf(retiresOn, nowMs) === "past" ? "retired" : "retires"} ${retiresOn}`;
}

/** An empty line and the reasons why entries are unusable, each once. */
export function entryProblems(rows: readonly Pick<EntryRow, "problems">[], print: Printer): string[] {
  const { paint } = print;
  const lines = rows.flatMap(({ problems }) =>
    problems.map(({ file, line, column, message }) => {
      const place =
        line === 0 || !isWritten(message)
          ? ""
          : ` ${paint.dim(`(${print.path(file ?? "models.toml")}:${line}:${column})`)}`;
      return `  ${paint.yellow("!")} ${printableLine(message)}${place}`;
    }),
  );
  return lines.length === 0 ? [] : ["", ...new Set(lines)];
}

/** A missing key has no position in the file. */
function isWritten(message: string): boolean {
  return !message.includes("has no key");
}
