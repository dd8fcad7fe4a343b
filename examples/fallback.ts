// What a program notices of an outage: nothing, unless it looks at the attempts.
import { fileURLToPath } from "node:url";
import { ModelFactory, type Reply } from "modelwright";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const simulator = await factory.simulator();
const model = factory.create("coder"); // fallback_models = ["fast", "backup"]

simulator.script({ kind: "rate-limit", retryAfter: 0.2 });
show("a rate limit is waited for", await model.codegen("Hello"));

simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "quota" });
show("a used-up quota goes to the next model", await model.codegen("Hello"));

simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "invalid" });
const outcome = await model.safeCodegen("Hello");
console.log(`a mistake is an error at once: ${outcome.ok ? "answered" : outcome.error.code}`);
console.log(`${simulator.requests.length} requests on the server`);

function show(what: string, reply: Reply): void {
  const tries = reply.attempts.map(({ model: name, error }) => `${name} ${error?.code ?? "answered"}`);
  console.log(`${what}: ${tries.join(", ")}`);
}
