import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { eventually } from "./raw-client.ts";
import { CHAT, chatBody, type World, world } from "./world.ts";

const STREAMS = 20;

const streaming = chatBody("anthropic", { stream: true });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "modelwright-shutdown-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** How many attempts ended in which way. */
async function outcomesOf({ factory }: World): Promise<Readonly<Record<string, number>>> {
  const sums = await factory.ledger.query({ by: ["outcome"] });
  return Object.fromEntries(sums.map(({ group, attempts }) => [String(group.outcome), attempts]));
}

it("G05: streams end, new requests get 503 and a closed connection, and the ledger has every row", async () => {
  const made = await world({ toml: "[ledger]\n", factory: { baseDir: folder() }, simulator: { delayMs: 5 } });
  const responses = await Promise.all(Array.from({ length: STREAMS }, () => made.post(CHAT, streaming)));
  const closing = made.close();
  const ready = await fetch(`${made.url}/readyz`);
  expect([ready.status, ready.headers.get("connection")]).toEqual([503, "keep-alive"]);
  const late = await made.post(CHAT, chatBody("anthropic"));
  expect([late.status, late.headers.get("connection"), late.headers.get("retry-after")]).toEqual([503, "close", "1"]);
  const texts = await Promise.all(responses.map((response) => response.text()));
  expect(texts.filter((text) => text.endsWith("data: [DONE]\n\n"))).toHaveLength(STREAMS);
  await closing;
  await expect(fetch(`${made.url}/healthz`)).rejects.toThrow();
  expect(await outcomesOf(made)).toEqual({ ok: STREAMS });
});

it("G05: after the hard limit, streams end with an error, and the ledger has their rows", async () => {
  const clock = new FakeClock();
  const script = [{ stall: { afterEvents: 4 }, times: STREAMS }, { delayMs: 60_000 }];
  const toml = '[gateway]\ndrain = "10s"\n[ledger]\n';
  const made = await world({ clock, toml, factory: { baseDir: folder() }, simulator: { script } });
  const responses = await Promise.all(Array.from({ length: STREAMS }, () => made.post(CHAT, streaming)));
  const body = made.post(CHAT, chatBody("anthropic"));
  await eventually(() => made.simulator.requests.length === STREAMS + 1);
  await quiet();
  const closing = made.close();
  await clock.advance(9_900);
  expect(made.log).toEqual([]);
  await clock.advance(200);
  const texts = await Promise.all(responses.map((response) => response.text()));
  for (const text of texts) {
    expect(text).toContain("The gateway is shutting down.");
    expect(text).not.toContain("[DONE]");
  }
  expect((await body).status).toBe(503);
  await closing;
  expect(made.log.map(({ code }) => code)).toEqual(new Array(STREAMS + 1).fill("aborted"));
  expect(await outcomesOf(made)).toEqual({ aborted: STREAMS + 1 });
});
