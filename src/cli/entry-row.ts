import { retirementOf } from "../core/retirement.ts";
import type { ConfigProblem, ModelDescription, Price } from "../index.ts";
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
}

export async function entryRows(project: Project): Promise<EntryRow[]> {
  return Promise.all(project.config.names.map((name) => entryRow(project, name)));
}

export async function entryRow(project: Project, name: string): Promise<EntryRow> {
  const { config, factory } = project;
  const { provider, modelId, dialect, baseUrl, context, maxOutput, price, capabilities, fallbacks } =
    await project.describe(name);
  const info = factory.info(modelId);
  const problems = problemsOf(project, name);
  return {
    ...{ name, provider, model: modelId, wire: dialect, baseUrl: provider === "simulator" ? "simulator" : baseUrl },
    ...{ context, maxOutput, price, capabilities, fallbacks },
    isDefault: name === config.defaultModel,
    releasedOn: info?.releasedOn ?? null,
    deprecated: info?.deprecated ?? false,
    // Other providers of a model have their own dates.
    retiresOn:
      info !== null && (provider === info.provider || provider === "simulator") ? (info.retiresOn ?? null) : null,
    usable: problems.length === 0,
    problems,
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
