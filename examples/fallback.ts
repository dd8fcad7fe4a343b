// Retries and fallbacks: the program gets an answer; `reply.attempts` shows what happened.
import { fileURLToPath } from "node:url";
import { ModelFactory, type Reply } from "modelwright";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const simulator = await factory.simulator();
const model = factory.create("coder"); // fallback_models = ["fast", "backup"]

simulator.script({ kind: "rate-limit", retryAfter: 0.2 });
show("a rate limit is retried", await model.codegen("Hello"));

simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "quota" });
show("an exhausted quota uses the next model", await model.codegen("Hello"));

simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "invalid" });
const outcome = await model.safeCodegen("Hello");
console.log(`an invalid request fails at once: ${outcome.ok ? "answered" : outcome.error.code}`);
console.log(`${simulator.requests.length} requests on the server`);

function show(what: string, reply: Reply): void {
  const tries = reply.attempts.map(({ model: name, error }) => `${name} ${error?.code ?? "answered"}`);
  console.log(`${what}: ${tries.join(", ")}`);
}
