import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { endOf, killed, program } from "../harness/child-programs.ts";
import { simulate } from "../harness/simulated.ts";
import { CHAT, chatBody } from "./world.ts";

const BIN = join(import.meta.dirname, "../../bin/modelwright.js");

function fileWith(toml: string): string {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-serve-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "models.toml");
  writeFileSync(file, toml);
  return file;
}

it("lets a stream end after SIGTERM, and is not ready in the meantime", async () => {
  const simulator = await simulate({ delayMs: 50 });
  const entry = `name = "gpt-4.1"\nprovider = "openai"\napi_key = "test-key"\nbase_url = "${simulator.baseUrl("openai")}"`;
  const child = program(BIN, ["serve", "--port", "0", "--json", "--config", fileWith(`[models.coder]\n${entry}\n`)]);
  onTestFinished(() => killed(child));
  const ended = endOf(child);
  let output = "";
  while (!output.endsWith("}\n")) output += String((await once(child.stdout as NodeJS.EventEmitter, "data"))[0]);
  const { url } = JSON.parse(output) as { url: string };
  const response = await fetch(url + CHAT, {
    method: "POST",
    body: JSON.stringify(chatBody("coder", { stream: true })),
  });
  child.kill("SIGTERM");
  while ((await fetch(`${url}/readyz`)).status !== 503);
  expect(await response.text()).toContain("data: [DONE]");
  const { code, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('"model":"coder","stream":true') });
});
