import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { type Model, ModelFactory, tool } from "../../src/index.ts";
import { startSimulator } from "../../src/simulator/server.ts";
import { entry } from "../harness/entry.ts";
import { WIRES } from "../harness/wires.ts";

const WORDS = "The factory was closed while the call was running; close it when its calls have ended.";
const CLOSED = { code: "aborted", message: expect.stringContaining(WORDS) };

async function world(lines = "", tables = "", wire = WIRES[0] ?? "openai", name = "some-model") {
  const simulator = await startSimulator({
    answers: ({ prompt }) => (prompt === "Write." ? { text: "many words ".repeat(50) } : undefined),
  });
  const toml = `${entry(wire, simulator.url, lines, { name })}${tables}`;
  const factory = ModelFactory.parse(toml, { env: {}, random: () => 0.999 }) as unknown as ModelFactory<object>;
  onTestFinished(async () => {
    await factory.close();
    await simulator.close();
  });
  return { factory, simulator, model: factory.create() as Model };
}

/** Closes the factory when the server has the first request. */
async function closedAfterRequest({ factory, simulator }: Awaited<ReturnType<typeof world>>): Promise<void> {
  while (simulator.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await factory.close();
}

describe.each(WIRES)("a factory that is closed on %s", (wire) => {
  it("says so in the calls that were running", async () => {
    const here = await world("", "", wire);
    here.simulator.script({ delayMs: 60_000, times: 2 });
    const call = expect(here.model.codegen("Hi")).rejects.toMatchObject(CLOSED);
    const stream = expect(here.model.stream("Hi").reply).rejects.toMatchObject(CLOSED);
    await closedAfterRequest(here);
    await Promise.all([call, stream]);
    await expect(here.model.codegen("Hi")).rejects.toThrow("The factory is closed; create another one for more calls.");
  });

  it("keeps what a stream has delivered", async () => {
    const here = await world("", "", wire);
    here.simulator.script({ stall: { afterEvents: 9 } });
    const stream = here.model.stream("Write.");
    const reading = (async () => {
      for await (const { type } of stream) if (type === "text-delta") await here.factory.close();
    })();
    await expect(reading).rejects.toMatchObject({ ...CLOSED, partial: { text: expect.stringMatching(/./) } });
  });
});

it("says so in an embedding call", async () => {
  const here = await world("", "", "openai", "text-embedding-3-small");
  here.simulator.script({ delayMs: 60_000 });
  const call = expect(here.model.embed(["a"])).rejects.toMatchObject(CLOSED);
  await closedAfterRequest(here);
  await call;
});

it("says so in a run whose tool was executing, and keeps its result", async () => {
  const { factory, model } = await world();
  const slow = tool({ name: "look", parameters: z.object({}), execute: () => factory.close().then(() => "seen") });
  const run = model.run("Call look.", { tools: [slow], toolChoice: "required" });
  await expect(run).rejects.toMatchObject({ ...CLOSED, run: { steps: [{ toolResults: [{ content: "seen" }] }] } });
});

it("says so when an object is asked for again", async () => {
  const { factory, model } = await world();
  const never = z.object({ a: z.string() }).refine(() => {
    void factory.close();
    return false;
  });
  await expect(model.object(never, "Hi", { repair: 1 })).rejects.toMatchObject(CLOSED);
});

describe("a call that waits for its retry when the factory is closed", () => {
  it.each(["", "state", "ledger"])("says so, with a store: %s", async (store) => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-closed-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = JSON.stringify(join(folder, "x.db"));
    const tables: Readonly<Record<string, string>> = {
      state: `[state]\nstore = "sqlite"\npath = ${path}\n[budgets.all]\nusd = 100\n`,
      ledger: `[ledger]\npath = ${path}\ndurability = "sync"\n`,
    };
    const here = await world('retry_min_wait = "60ms"\nretry_max_wait = "60ms"\njitter = "none"', tables[store]);
    here.simulator.script({ kind: "server" });
    const call = expect(here.model.codegen("Hi")).rejects.toMatchObject(CLOSED);
    await closedAfterRequest(here);
    await call;
  });
});
