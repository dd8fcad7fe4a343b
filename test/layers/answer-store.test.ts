import { expect, it } from "vitest";
import { Cancellation } from "../../src/core/cancellation.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { ANSWER_PREFIX, AnswerStore } from "../../src/layers/answer-store.ts";
import { CacheCounts } from "../../src/layers/cache-counts.ts";
import { TolerantStore } from "../../src/layers/tolerant-store.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { FakeClock } from "../harness/fake-clock.ts";

it("keeps vectors as JSON, and does not use damaged ones", async () => {
  const store = new MemoryStore(10, new FakeClock());
  const answers = new AnswerStore(new TolerantStore(store, silentLogger), 1_000_000, new CacheCounts());
  const vectors = [Float32Array.of(1, -0.5), Float32Array.of(0, 3e-30)];
  const events: readonly FlowEvent[] = [
    { type: "embeddings", vectors },
    { type: "finish", reason: "stop", sample: 0 },
  ];
  await answers.set("key", { events }, 1_000, new Cancellation());
  const stored = (await store.get(`${ANSWER_PREFIX}key`)) as { readonly events: readonly { vectors: unknown }[] };
  expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
  expect((await answers.get("key", new Cancellation()))?.events).toEqual(events);
  for (const damaged of [["AAAAAAA"], ["%%%%"], [7], "AAAA", undefined]) {
    const [first, ...rest] = stored.events;
    await store.set(`${ANSWER_PREFIX}key`, { ...stored, events: [{ ...first, vectors: damaged }, ...rest] }, 1_000);
    expect(await answers.get("key", new Cancellation())).toBeUndefined();
  }
});
