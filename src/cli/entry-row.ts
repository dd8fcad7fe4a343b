import { retirementOf } from "../core/retirement.ts";
import type { ConfigProblem, ModelDescription, Price } from "../index.ts";
import { configProblems } from "./config-problems.ts";
import type { Printer } from "./print.ts";
import type { Project } from "./project.ts";

/** What a list shows about one entry. */
export interface EntryRow {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  readonly wire: string;
  readonly baseUrl: string;
  readonly context: number | null;
  readonly maxOutput: number | null;
  /** USD per million tokens; null when unknown. */
  readonly price: Price | null;
  readonly capabilities: ModelDescription["capabilities"];
  readonly fallbacks: readonly string[];
  readonly isDefault: boolean;
  /** Day or month the model came out, where known. */
  readonly releasedOn: string | null;
  /** Whether its provider is known to advise against it. */
  readonly deprecated: boolean;
  readonly retiresOn: string | null;
  /** Whether the entry can be used now. */
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
    // Others who serve a model keep dates of their own.
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
};

/** What a model is known to be able to do, in short words. */
export function abilities(capabilities: ModelDescription["capabilities"]): string {
  const known = capabilities as Readonly<Record<string, boolean | undefined>>;
  return Object.entries(SHORT)
    .filter(([name]) => known[name] === true)
    .map(([, word]) => word)
    .join(" ");
}

/** When a model ends or has ended, or that it should be left. */
export function endingOf(
  { deprecated, retiresOn }: { readonly deprecated: boolean; readonly retiresOn?: string | null | undefined },
  nowMs = Date.now(),
): string {
  if (retiresOn == null) return deprecated ? "deprecated" : "";
  return `${retirementOf(retiresOn, nowMs) === "past" ? "retired" : "retires"} ${retiresOn}`;
}

/** Why entries cannot be used, each reason once, after an empty line. */
export function entryProblems(rows: readonly Pick<EntryRow, "problems">[], print: Printer): string[] {
  const { paint } = print;
  const lines = rows.flatMap(({ problems }) =>
    problems.map(({ file, line, column, message }) => {
      const place =
        line === 0 || !isWritten(message)
          ? ""
          : ` ${paint.dim(`(${print.path(file ?? "models.toml")}:${line}:${column})`)}`;
      return `  ${paint.yellow("!")} ${message}${place}`;
    }),
  );
  return lines.length === 0 ? [] : ["", ...new Set(lines)];
}

/** A key that is not written has no place in the file. */
function isWritten(message: string): boolean {
  return !message.includes("has no key");
}
