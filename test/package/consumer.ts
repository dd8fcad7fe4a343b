// What somebody who installed the package writes; compiled against the tarball and run.
import { ConfigError, isModelError, type ModelEvent, ModelFactory, type Reply } from "modelwright";
import { Container, isModel } from "modelwright/inject";
import { blockNetwork, recordingTransport, scripted, startSimulator } from "modelwright/testing";
import { z } from "zod";

const TOML = `
[models.coder]
name = "gpt-4o-mini"
provider = "simulator"

[models.script]
name = "script"
provider = "mine"
`;

const mine = scripted([[{ text: "from a script" }, { finish: "stop" }]]);
await using factory = ModelFactory.parse(TOML, { env: {}, providers: { mine }, transport: blockNetwork() });
const model = factory.create("coder");

const reply: Reply = await model.codegen("Hello");
const kinds = new Set<ModelEvent["type"]>();
for await (const event of model.stream("Hello")) kinds.add(event.type);
const { object } = await model.object(z.object({ name: z.string() }), "Suggest a name.");
const name: string = object.name;

const outcome = await model.safeCodegen("Hello", { signal: AbortSignal.abort() });
const code = outcome.ok ? "none" : outcome.error.code;
const unknown = codeOf(() => factory.get("codre"));

const specs = { llm: { module: "modelwright/inject", export: "resolveModel", properties: { name: "coder" } } };
const injected = await new Container({ specs, values: { factory } }).resolve("llm", { org: "acme" }, isModel);

const simulator = await startSimulator({ unref: true });
await simulator.close();
await recordingTransport().close();

console.log(
  JSON.stringify({
    simulated: reply.text.includes("simulated"),
    scripted: (await factory.get("script").codegen("Hello")).text,
    events: [...kinds],
    object: typeof name,
    code,
    unknown,
    injected: injected.name,
  }),
);

function codeOf(act: () => unknown): string {
  try {
    act();
    return "nothing was thrown";
  } catch (error) {
    if (error instanceof ConfigError) return error.problems[0]?.suggestion ?? "no suggestion";
    return isModelError(error) ? error.code : "another error";
  }
}
