import { setTimeout } from "node:timers/promises";
import { ModelFactory } from "modelwright";
import { scripted } from "modelwright/testing";

/** Makes 200 audited calls with long lines, in ten flushes. */
const [, , path = "", user = ""] = process.argv;
const toml = `[audit]\nfile = ${JSON.stringify(path)}\ncontent = true\n[models.main]\nname = "m"\nprovider = "fake"\n`;
const answers = Array.from({ length: 200 }, () => "x".repeat(5_000));
const factory = ModelFactory.parse(toml, {
  env: {},
  providers: { fake: scripted(answers) },
  clock: { schedule: (run, delayMs) => scheduled(run, delayMs / 50) },
});
const model = factory.create("main");
for (let calls = 0; calls < 200; calls++) {
  await model.codegen("hello", { user });
  if (calls % 20 === 0) await setTimeout(25);
}
await factory.close();

function scheduled(run: () => void, delayMs: number): () => void {
  const timer = globalThis.setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
