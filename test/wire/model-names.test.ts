import { expect, onTestFinished, test } from "vitest";
import { type Model, ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { smallBody, smallStream } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";

/** Names that a URL parser would not read as a single path segment. */
const HOSTILE = [
  "%2e%2e/%2e%2e/files#",
  "x#",
  "a\\b",
  "../files",
  "a/./b",
  "..",
  "x?alt=sse&y=",
  "a\tb",
  "%23",
  "x/..",
  "/x",
  " x",
];
const TAIL = /:(?:generateContent|streamGenerateContent\?alt=sse|countTokens)$/;

function modelOf(lines: string): Model {
  const factory = ModelFactory.parse(`[models.m]\nnum_retries = 0\napi_key = "key-of-the-test"\n${lines}`, { env: {} });
  onTestFinished(() => factory.close());
  return factory.get("m");
}

test.each(HOSTILE)("the Gemini wire sends nothing for the name %j", async (name) => {
  const server = await serving(() => smallBody("google"));
  const provider = 'provider = "host"\ncustom_llm_provider = "google"';
  const model = modelOf(`name = ${JSON.stringify(name)}\n${provider}\nbase_url = "${server.origin}/proxy"`);
  for (const ask of [
    () => model.codegen("Hi"),
    () => model.stream("Hi").reply,
    () => model.countTokens("Hi", { exact: true }),
  ])
    expect(await failureOf(ask())).toMatchObject({ code: "invalid_request", message: expect.stringContaining("URL") });
  expect(server.requests).toHaveLength(0);
});

test.each(HOSTILE)("Azure's dated API sends nothing for the deployment %j", async (name) => {
  const server = await serving(() => smallBody("openai"));
  const model = modelOf(
    `name = ${JSON.stringify(name)}\nprovider = "azure"\napi_version = "2024-10-21"\nbase_url = "${server.origin}"`,
  );
  for (const ask of [() => model.codegen("Hi"), () => model.stream("Hi").reply])
    expect(await failureOf(ask())).toMatchObject({ code: "invalid_request" });
  expect(server.requests).toHaveLength(0);
});

test.each(["models/gemini-2.5-pro", "gemini-2.5-flash@001", "tuned:v1", "a b", "modèle"])(
  "the Gemini wire keeps the ordinary name %j in the path",
  async (name) => {
    const server = await serving(({ path }) => (path.includes("stream") ? smallStream("google") : smallBody("google")));
    const provider = 'provider = "host"\ncustom_llm_provider = "google"';
    const model = modelOf(`name = ${JSON.stringify(name)}\n${provider}\nbase_url = "${server.origin}"`);
    await model.codegen("Hi");
    await model.stream("Hi").reply;
    for (const { path } of server.requests) {
      expect(path).toMatch(TAIL);
      expect(decodeURIComponent(path).replace(TAIL, "")).toBe(`/v1beta/models/${name.replace("models/", "")}`);
    }
  },
);

test.each(["evil.example/x", "a#", "..", "%2e"])(
  "Vertex sends nothing for the project or location %j",
  async (name) => {
    const server = await serving(() => smallBody("google"));
    for (const [project, location] of [
      [name, "europe-west4"],
      ["my-project", name],
    ]) {
      const model = modelOf(
        `name = "gemini-2.5-pro"\nprovider = "vertex"\nbase_url = "${server.origin}"\nvertex_project = ${JSON.stringify(project)}\nvertex_location = ${JSON.stringify(location)}`,
      );
      expect(await failureOf(model.codegen("Hi"))).toMatchObject({ code: "invalid_request" });
    }
    expect(server.requests).toHaveLength(0);
  },
);

test.each(WIRES.filter((wire) => wire !== "google"))("a hostile name is only in the body (%s)", async (wire) => {
  const paths = new Set<string>();
  const server = await serving(() => smallBody(wire));
  for (const name of ["plain", ...HOSTILE]) {
    const base = wire === "anthropic" ? server.origin : `${server.origin}/v1`;
    const provider = `provider = "host"\ncustom_llm_provider = "${wire}"`;
    await modelOf(`name = ${JSON.stringify(name)}\n${provider}\nbase_url = "${base}"`).codegen("Hi");
    paths.add(server.requests.at(-1)?.path ?? "");
  }
  expect(paths.size).toBe(1);
});
