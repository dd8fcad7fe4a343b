// Prints which modules come with the package, and which with the models of a file.
import { registerHooks } from "node:module";

let seen = new Set<string>();
registerHooks({
  load(url, context, next) {
    seen.add(url);
    return next(url, context);
  },
});

const { ModelFactory } = await import("modelwright");
const imported = taken();
const toml = `
[models.openai]
name = "gpt-4o-mini"
provider = "openai"
fallback_models = ["anthropic", "google", "simulator"]
[models.anthropic]
name = "claude-sonnet-4-5"
provider = "anthropic"
[models.google]
name = "gemini-2.5-flash"
provider = "google"
[models.simulator]
name = "gpt-4o-mini"
provider = "simulator"
`;
const env = { OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k", GEMINI_API_KEY: "k" };
const factory = ModelFactory.parse(toml, { env });
for (const name of factory.names()) factory.create(name).supports("tools");
const created = taken();
const ofNode = builtins();
await import("modelwright/testing");
const testing = taken();
await factory.get("simulator").codegen("Hello");
await factory.close();
console.log(JSON.stringify({ imported, created, ofNode, testing, called: taken() }));

function taken(): string[] {
  const urls = [...seen];
  seen = new Set();
  return urls;
}

/** The parts of Node that were loaded, also by Node itself: a global such as `Headers` loads its fetch. */
function builtins(): string[] {
  return [...(process as unknown as { moduleLoadList: string[] }).moduleLoadList];
}
