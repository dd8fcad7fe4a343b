import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { WireName } from "../../src/core/wire-name.ts";

/** Where an agent runs, and the gateway that it uses. */
export interface Place {
  readonly home: string;
  /** Address of the gateway. */
  readonly url: string;
  /** Name of an entry of models.toml. */
  readonly model: string;
}

/** A coding agent, set up as docs/guide/gateway.md says, and run without a terminal. */
export interface AgentRow {
  readonly name: string;
  readonly package: string;
  readonly bin: string;
  readonly wire: WireName;
  /** Writes its configuration, and returns its environment. */
  setUp(place: Place): Readonly<Record<string, string>>;
  /** Arguments of a turn; `again`: it goes on with the last session. */
  argv(prompt: string, model: string, again: boolean): readonly string[];
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const claudeCode: AgentRow = {
  ...{ name: "Claude Code", package: "@anthropic-ai/claude-code", bin: "claude", wire: "anthropic" },
  setUp: ({ url, model }) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: "unused",
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  }),
  argv: (prompt, _, again) => ["-p", prompt, "--allowedTools", "Bash(cat:*)", ...(again ? ["--continue"] : [])],
};

const codex: AgentRow = {
  ...{ name: "Codex", package: "@openai/codex", bin: "codex", wire: "openai-responses" },
  setUp({ home, url, model }) {
    const config = `model = "${model}"
model_provider = "modelwright"

[model_providers.modelwright]
name = "modelwright"
base_url = "${url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
`;
    write(join(home, ".codex/config.toml"), config);
    return { GATEWAY_KEY: "unused" };
  },
  argv: (prompt, _, again) => [
    ...["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"],
    ...(again ? ["resume", "--last", prompt] : [prompt]),
  ],
};

const geminiCli: AgentRow = {
  ...{ name: "Gemini CLI", package: "@google/gemini-cli", bin: "gemini", wire: "google" },
  setUp({ home, url }) {
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" } },
      privacy: { usageStatisticsEnabled: false },
    };
    write(join(home, ".gemini/settings.json"), JSON.stringify(settings));
    return { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: "unused", GEMINI_CLI_TRUST_WORKSPACE: "true" };
  },
  argv: (prompt, model, again) => [
    ...["--model", model, "--approval-mode", "yolo", "--prompt", prompt],
    ...(again ? ["--resume", "latest"] : []),
  ],
};

const opencode: AgentRow = {
  ...{ name: "opencode", package: "opencode-ai", bin: "opencode", wire: "openai" },
  setUp({ home, url, model }) {
    const provider = {
      npm: "@ai-sdk/openai-compatible",
      name: "modelwright",
      options: { baseURL: `${url}/v1`, apiKey: "unused" },
      models: { [model]: {} },
    };
    const config = { provider: { modelwright: provider }, model: `modelwright/${model}`, autoupdate: false };
    write(join(home, ".config/opencode/opencode.json"), JSON.stringify(config));
    return {};
  },
  argv: (prompt, _, again) => ["run", ...(again ? ["--continue"] : []), prompt],
};

export const AGENTS: readonly AgentRow[] = [claudeCode, codex, geminiCli, opencode];
