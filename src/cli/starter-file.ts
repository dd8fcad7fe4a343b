import type { Starter } from "./starters.ts";

/** A new models.toml with an entry per provider and a profile that needs no keys, or with a single simulated entry. */
export function starterFile(entries: readonly Starter[], defaultModel: string, schema: string): string {
  const tables = entries.length === 0 ? [SIMULATED] : [...entries.map((entry) => table(entry, entries)), ci(entries)];
  return [header(defaultModel, schema), ...tables, MORE].join("\n");
}

/** The only entry of a file without providers. */
export const SIMULATED_ENTRY = "simulated";

function header(defaultModel: string, schema: string): string {
  return `#:schema ${schema}
# The models this program uses. In code: (await ModelFactory.load()).create("${defaultModel}")

default_model = "${defaultModel}"

[defaults]                   # every model inherits these
num_retries = 2              # retries after the first request
timeout = "2m"               # one attempt
`;
}

function table({ entry, provider, model, label, variable }: Starter, all: readonly Starter[]): string {
  const others = all.filter((other) => other.entry !== entry).map((other) => `"${other.entry}"`);
  const lines = [
    `${`[models.${entry}]`.padEnd(28)} # ${label}`,
    `name = ${JSON.stringify(model)}`,
    `provider = "${provider}"`,
    ...(variable === undefined ? [] : [`api_key = "env:${variable}"`]),
    ...(others.length === 0 ? [] : [`fallback_models = [${others.join(", ")}]   # tried in this order when it fails`]),
  ];
  return `${lines.join("\n")}\n`;
}

function ci(entries: readonly Starter[]): string {
  return `[profiles.ci.models]         # MODELWRIGHT_PROFILE=ci: simulated answers over real HTTP, no key and no network
${entries.map(({ entry }) => `${entry}.provider = "simulator"`).join("\n")}
`;
}

const SIMULATED = `[models.${SIMULATED_ENTRY}]           # needs no key and no network: simulated answers over real HTTP
name = "gpt-6.1-terra"
provider = "simulator"
`;

const MORE = `# A server of your own is four lines:
# [models.own]
# name = "qwen3-coder"
# provider = "my-server"
# custom_llm_provider = "openai"
# base_url = "http://127.0.0.1:8080/v1"
`;
