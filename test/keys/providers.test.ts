import { describe, expect, onTestFinished, test } from "vitest";
import { PROVIDERS } from "../../src/catalog/providers.ts";
import type { Transport } from "../../src/core/transport.ts";
import { scripted } from "../../src/dialects/scripted/dialect.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { createTransport } from "../../src/transport/fetch.ts";
import { type Arrival, type Host, host } from "../harness/host.ts";
import { chatBody, serve } from "../harness/small-server.ts";
import { factoryOf, PROMPT } from "./world.ts";

interface Detour {
  readonly transport: Transport;
  /** Where each request wanted to go. */
  readonly urls: string[];
}

/** Sends every request to the host on loopback, whatever its origin. */
function detourTo(server: Host): Detour {
  const inner = createTransport();
  onTestFinished(() => inner.close());
  const urls: string[] = [];
  const fetch: Transport["fetch"] = (url, init) => {
    const wanted = new URL(String(url));
    urls.push(wanted.href);
    return inner.fetch(`${server.url}${wanted.pathname}${wanted.search}`, init);
  };
  return { transport: { fetch, close: () => inner.close() }, urls };
}

interface First extends Arrival {
  readonly url: string;
}

/** The first request of an entry with these lines, and where it wanted to go. */
async function first(lines: string, options: FactoryOptions = {}): Promise<First> {
  const server = await host();
  const { transport, urls } = detourTo(server);
  const reply = await factoryOf(`[models.main]\nname = "some-model"\n${lines}`, { transport, ...options })
    .create()
    .codegen(PROMPT);
  expect(reply.text).toBe("hello");
  expect(server.arrivals).toHaveLength(1);
  return { ...(server.arrivals[0] as Arrival), url: urls[0] ?? "" };
}

interface Expected {
  readonly url: string;
  readonly env: string;
  readonly auth: Readonly<Record<string, string | undefined>>;
  readonly lines?: string;
}

const bearer = { authorization: "Bearer the-key" };
const chat = (base: string, env: string, lines?: string): Expected => ({
  url: `${base}/chat/completions`,
  env,
  auth: bearer,
  ...(lines !== undefined && { lines }),
});
const ANYWHERE = 'base_url = "https://somewhere.example/api"';

/** What each provider's own documentation says of its address, its key and how that is sent. */
const FIRST_REQUESTS: Readonly<Record<string, Expected>> = {
  openai: chat("https://api.openai.com/v1", "OPENAI_API_KEY"),
  azure: {
    url: "https://r.openai.azure.com/openai/v1/chat/completions",
    env: "AZURE_OPENAI_API_KEY",
    auth: { "api-key": "the-key", authorization: undefined },
    lines: 'base_url = "https://r.openai.azure.com"',
  },
  anthropic: {
    url: "https://api.anthropic.com/v1/messages",
    env: "ANTHROPIC_API_KEY",
    auth: { authorization: "Bearer the-key", "x-api-key": undefined },
  },
  google: {
    url: "https://generativelanguage.googleapis.com/v1beta/models/some-model:generateContent",
    env: "GEMINI_API_KEY",
    auth: { "x-goog-api-key": "the-key", authorization: undefined },
  },
  vertex: {
    url: "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/publishers/google/models/some-model:generateContent",
    env: "GOOGLE_OAUTH_ACCESS_TOKEN",
    auth: { authorization: "Bearer the-key", "x-goog-api-key": undefined },
    lines: 'vertex_project = "p"',
  },
  deepseek: chat("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
  groq: chat("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
  mistral: chat("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
  xai: chat("https://api.x.ai/v1", "XAI_API_KEY"),
  together: chat("https://api.together.ai/v1", "TOGETHER_API_KEY"),
  fireworks: chat("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
  openrouter: chat("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
  perplexity: chat("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
  cerebras: chat("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
  cohere: chat("https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY"),
  huggingface: chat("https://router.huggingface.co/v1", "HF_TOKEN"),
  databricks: chat("https://somewhere.example/api", "DATABRICKS_TOKEN", ANYWHERE),
  nvidia: chat("https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
  moonshot: chat("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
  dashscope: chat("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
  zhipuai: chat("https://open.bigmodel.cn/api/paas/v4", "ZHIPUAI_API_KEY"),
  github: chat("https://models.github.ai/inference", "GITHUB_TOKEN"),
  copilot: chat("https://api.githubcopilot.com", "COPILOT_TOKEN"),
  bedrock: chat("https://somewhere.example/api", "AWS_BEARER_TOKEN_BEDROCK", ANYWHERE),
  ollama: chat("http://127.0.0.1:11434/v1", "OLLAMA_API_KEY"),
  vllm: chat("http://127.0.0.1:8000/v1", "VLLM_API_KEY"),
  lmstudio: chat("http://127.0.0.1:1234/v1", "LM_STUDIO_API_KEY"),
  llamacpp: chat("http://127.0.0.1:8080/v1", "LLAMA_API_KEY"),
  litellm: chat("http://127.0.0.1:4000/v1", "LITELLM_API_KEY"),
};

describe("a built-in provider needs two lines and its default variable", () => {
  for (const [provider, { url, env, auth, lines = "" }] of Object.entries(FIRST_REQUESTS)) {
    test(provider, async () => {
      const seen = await first(`provider = "${provider}"\n${lines}`, { env: { [env]: "the-key" } });
      expect(seen.url).toBe(url);
      for (const [name, value] of Object.entries(auth)) expect(seen.headers[name], name).toBe(value);
    });
  }

  test("every row of the catalog is tested", () => {
    const rows = PROVIDERS.map(({ id }) => id).filter((id) => id !== "simulator");
    expect(Object.keys(FIRST_REQUESTS).sort()).toEqual(rows);
  });

  test("local providers need no key and send none", async () => {
    for (const { id } of PROVIDERS.filter(({ keyless, id: name }) => keyless === true && name !== "simulator"))
      expect((await first(`provider = "${id}"`)).headers, id).not.toHaveProperty("authorization");
  });

  test("a provider without a default URL requires base_url", () => {
    for (const provider of ["azure", "bedrock", "databricks"])
      expect(() => factoryOf(`[models.main]\nname = "m"\nprovider = "${provider}"`)).toThrow(/needs base_url/);
  });

  test("the simulator needs nothing", async () => {
    const factory = factoryOf('[models.main]\nname = "claude-sonnet-4-5"\nprovider = "simulator"');
    expect((await factory.create().codegen(PROMPT)).provider).toBe("simulator");
    expect((await factory.simulator()).requests).toMatchObject([{ path: "/v1/messages" }]);
  });
});

describe("Azure", () => {
  const KEY = { env: { AZURE_OPENAI_API_KEY: "the-key" } };

  test("uses the dated API with api_version, with the deployment in the path", async () => {
    for (const version of ["2024-10-21", "2025-04-01-preview"]) {
      const seen = await first(
        `provider = "azure"\nbase_url = "https://r.openai.azure.com"\napi_version = "${version}"`,
        KEY,
      );
      expect(seen.url).toBe(
        `https://r.openai.azure.com/openai/deployments/some-model/chat/completions?api-version=${version}`,
      );
      expect(seen.headers).toMatchObject({ "api-key": "the-key" });
      expect(seen.headers).not.toHaveProperty("authorization");
    }
  });

  test("uses the v1 API without api_version, for any form of the URL", async () => {
    for (const base of [
      "https://r.openai.azure.com",
      "https://r.openai.azure.com/",
      "https://r.openai.azure.com/openai/v1",
      "https://r.openai.azure.com/openai/v1/",
    ]) {
      const seen = await first(`provider = "azure"\nbase_url = "${base}"`, KEY);
      expect(seen.url, base).toBe("https://r.openai.azure.com/openai/v1/chat/completions");
      expect(seen.body).toMatchObject({ model: "some-model" });
    }
  });

  test("accepts Entra tokens from a hook", async () => {
    const seen = await first('provider = "azure"\nbase_url = "https://r.openai.azure.com"\nauth_header = "bearer"', {
      tokens: { azure: async () => "entra-token" },
    });
    expect(seen.headers.authorization).toBe("Bearer entra-token");
    expect(seen.headers).not.toHaveProperty("api-key");
  });
});

describe("token hooks", () => {
  test("Vertex: project and location in the URL, the hook's token in the header", async () => {
    const asked: unknown[] = [];
    const tokens = {
      vertex: async (request: unknown) => {
        asked.push(request);
        return { token: "google-token", expiresAt: Date.now() + 3_600_000 };
      },
    };
    const seen = await first('provider = "vertex"\nvertex_project = "my-project"\nvertex_location = "europe-west4"', {
      tokens,
    });
    expect(seen.url).toBe(
      "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/my-project/locations/europe-west4/publishers/google/models/some-model:generateContent",
    );
    expect(seen.headers.authorization).toBe("Bearer google-token");
    expect(asked).toEqual([{ provider: "vertex", model: "main" }]);
  });

  test("Copilot: the library's name and the hook's token; extra_headers take precedence", async () => {
    const tokens = { copilot: async () => "copilot-token" };
    const seen = await first('provider = "copilot"', { tokens });
    expect(seen.headers).toMatchObject({
      authorization: "Bearer copilot-token",
      "editor-version": expect.stringMatching(/^modelwright\//),
    });
    const own = await first('provider = "copilot"\nextra_headers = { Copilot-Integration-Id = "mine" }', { tokens });
    expect(own.headers["copilot-integration-id"]).toBe("mine");
  });

  test("the hook is called again only when its token is about to expire", async () => {
    const server = await host();
    const { transport } = detourTo(server);
    let asked = 0;
    const lasting = (ms: number) => async () => ({ token: `token-${++asked}`, expiresAt: Date.now() + ms });
    for (const [ms, expected] of [
      [3_600_000, 1],
      [1_000, 2],
    ] as const) {
      asked = 0;
      const model = factoryOf('[models.main]\nname = "m"\nprovider = "copilot"', {
        transport,
        tokens: { copilot: lasting(ms) },
      }).create();
      await model.codegen(PROMPT);
      await model.codegen(PROMPT);
      expect(asked).toBe(expected);
    }
  });
});

describe("custom providers", () => {
  test("a compatible server is four lines", async () => {
    const seen = await first(
      'provider = "my-server"\ncustom_llm_provider = "openai"\nbase_url = "https://llm.example/v1"',
    );
    expect(seen.url).toBe("https://llm.example/v1/chat/completions");
    expect(seen.headers).not.toHaveProperty("authorization");
    const keyed = await first(
      'provider = "my-server"\ncustom_llm_provider = "anthropic"\nbase_url = "https://llm.example"\napi_key = "k"\nauth_header = "x-api-key"',
    );
    expect(keyed.url).toBe("https://llm.example/v1/messages");
    expect(keyed.headers["x-api-key"]).toBe("k");
  });

  test("a provider table applies to all its models", async () => {
    const seen = await first(
      'provider = "my-server"\n[providers.my-server]\ncustom_llm_provider = "openai"\nbase_url = "https://llm.example/v1"\napi_key = "shared"',
    );
    expect(seen.url).toBe("https://llm.example/v1/chat/completions");
    expect(seen.headers.authorization).toBe("Bearer shared");
  });

  test("an error says what is missing without a wire or a URL", () => {
    const mistake = (lines: string) => () => factoryOf(`[models.main]\nname = "m"\nprovider = "my-server"\n${lines}`);
    expect(mistake("")).toThrow(/custom_llm_provider and base_url are missing/);
    expect(mistake('custom_llm_provider = "openai"')).toThrow(/base_url is missing/);
  });

  test("a custom dialect is a provider by its name, and a wire for other providers", async () => {
    const mine = scripted(["hello from code"]);
    const options: FactoryOptions = { providers: { "my-engine": mine } };
    const toml =
      '[models.main]\nname = "m"\nprovider = "my-engine"\n[models.other]\nname = "n"\nprovider = "elsewhere"\ncustom_llm_provider = "my-engine"\nbase_url = "https://llm.example"';
    const factory = factoryOf(toml, options);
    expect((await factory.get("main").codegen(PROMPT)).text).toBe("hello from code");
    expect((await factory.get("other").codegen(PROMPT)).text).toBe("hello from code");
    expect(mine.calls.map(({ call }) => [call.target.provider, call.target.modelId])).toEqual([
      ["my-engine", "m"],
      ["elsewhere", "n"],
    ]);
  });
});

test("sends top_p 0.9 to Hugging Face unless the entry sets it", async () => {
  const server = await serve(() => chatBody("fine"));
  const model = (lines: string) =>
    `[models.main]\nname = "some-model"\nprovider = "huggingface"\napi_key = "k"\n${lines}\n`;
  const lines = `base_url = "${server.url}/v1"\n`;
  await factoryOf(model(lines)).create().codegen("Hi.");
  await factoryOf(model(`${lines}top_p = 0.5`))
    .create()
    .codegen("Hi.");
  expect(server.arrivals.map(({ body }) => body["top_p"])).toEqual([0.9, 0.5]);
});
