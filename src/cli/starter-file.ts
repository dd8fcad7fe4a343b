/** An entry of a new models.toml. */
export interface StarterEntry {
  readonly entry: string;
  readonly provider: string;
  readonly model: string;
  /** Name of the provider for people. */
  readonly label: string;
  /** The variable its key was found in. */
  readonly variable: string;
}

/** The text of a new models.toml: an entry for each provider, and one that always works. */
export function starterFile(entries: readonly StarterEntry[], defaultModel: string, schema: string): string {
  return [header(defaultModel, schema), ...entries.map((entry) => table(entry, entries)), SIMULATED, MORE].join("\n");
}

function header(defaultModel: string, schema: string): string {
  return `#:schema ${schema}
# The models this program uses. In code: (await ModelFactory.load()).create("${defaultModel}")

default_model = "${defaultModel}"

[defaults]                   # every model inherits these
num_retries = 2              # tries after the first
timeout = "2m"               # one try
`;
}

function table({ entry, provider, model, label, variable }: StarterEntry, all: readonly StarterEntry[]): string {
  const others = all.filter((other) => other.entry !== entry).map((other) => `"${other.entry}"`);
  const fallbacks =
    others.length === 0 ? "" : `\nfallback_models = [${others.join(", ")}]   # asked in this order when it fails`;
  return `[models.${entry}]               # ${label}
name = "${model}"
provider = "${provider}"
api_key = "env:${variable}"${fallbacks}
`.replace(/^(\[models\.[^\]]+\]) +#/, (_, head: string) => `${head.padEnd(28)} #`);
}

const SIMULATED = `[models.simulated]           # needs no key and no network: made-up answers over real HTTP
name = "gpt-6.1-terra"
provider = "simulator"
`;

const MORE = `# A server of your own is four lines:
# [models.local]
# name = "qwen3-coder"
# provider = "my-server"
# custom_llm_provider = "openai"
# base_url = "http://127.0.0.1:8080/v1"
`;
