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
  readonly price: Partial<Price> | null;
  readonly capabilities: ModelDescription["capabilities"];
  readonly fallbacks: readonly string[];
  readonly isDefault: boolean;
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
  const { provider, modelId, dialect, baseUrl, context, maxOutput, capabilities, fallbacks } =
    await project.describe(name);
  const problems = problemsOf(project, name);
  return {
    ...{ name, provider, model: modelId, wire: dialect, baseUrl: provider === "simulator" ? "simulator" : baseUrl },
    ...{ context, maxOutput, price: priceOf(project, name), capabilities, fallbacks },
    isDefault: name === config.defaultModel,
    retiresOn: factory.info(modelId)?.retiresOn ?? null,
    usable: problems.length === 0,
    problems,
  };
}

function priceOf({ config, factory }: Project, name: string): Partial<Price> | null {
  const { pricing, priceAs, name: modelId } = config.entry(name);
  const id = priceAs ?? modelId;
  return ((pricing ?? config.pricing[id]) as Partial<Price> | undefined) ?? factory.info(id)?.price ?? null;
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

/** A key that nobody wrote has no place of its own. */
function isWritten(message: string): boolean {
  return !message.includes("has no key");
}
