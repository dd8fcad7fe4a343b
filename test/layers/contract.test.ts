import { silentLogger } from "../../src/core/logger.ts";
import { Secret } from "../../src/core/secret.ts";
import { scripted } from "../../src/dialects/scripted/dialect.ts";
import { cache } from "../../src/layers/cache.ts";
import { callLog } from "../../src/layers/call-log.ts";
import { Breakers, breakerGate, circuitBreaker } from "../../src/layers/circuit-breaker.ts";
import { credential } from "../../src/layers/credential.ts";
import { deadline } from "../../src/layers/deadline.ts";
import { embeddingFallback } from "../../src/layers/embedding-fallback.ts";
import { fallback } from "../../src/layers/fallback.ts";
import { Group } from "../../src/layers/group.ts";
import { GroupStates } from "../../src/layers/group-states.ts";
import { KeyStates } from "../../src/layers/key-states.ts";
import { loading } from "../../src/layers/loading.ts";
import { meter } from "../../src/layers/meter.ts";
import { outputGuard } from "../../src/layers/output-guard.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { telemetry } from "../../src/layers/telemetry.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { UsageTotals } from "../../src/layers/usage-totals.ts";
import { vectorGuard } from "../../src/layers/vector-guard.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { admissionLayer } from "../harness/admission-layer.ts";
import { targetOf } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { testLayer } from "../harness/layer-contract.ts";

const isStart = (event: { type: string }) => event.type === "start";

testLayer("telemetry", () => telemetry([new UsageTotals(), callLog(silentLogger, true)]));
testLayer("deadline", () => deadline, { target: targetOf("main", {}, { deadlineMs: 60_000 }) });
testLayer("cache", () => cache(new MemoryStore(10, new FakeClock()), { ttlMs: 1_000, namespace: "" }));
testLayer(
  "cache with single flight",
  () => cache(new MemoryStore(10, new FakeClock()), { ttlMs: 1_000, namespace: "" }),
  { streaming: false },
);
testLayer(
  "fallback",
  () =>
    fallback(
      () => ({ primary: targetOf(), fallbacks: () => [targetOf("other")], leftOut: [] }),
      () => scripted([]),
      new RetryBudgets(),
    ),
  {},
  isStart,
);
testLayer(
  "embedding fallback",
  () =>
    embeddingFallback(
      () => ({ primary: targetOf(), fallbacks: () => [targetOf("other")], leftOut: [] }),
      () => scripted([], { async *embed() {} }),
    ),
  {},
  isStart,
);
testLayer("vector guard", () => vectorGuard);
testLayer("group", () => {
  const state = new GroupStates().of("all");
  const member = { target: targetOf(), weight: 1 };
  const rest = { allowedFails: 3, cooldownMs: 5_000, fallbacks: [], leftOut: [], isOpen: () => false };
  return new Group({ strategy: "latency", members: [member], state, ...rest }).watch;
});
testLayer("retry", () => retry(new RetryBudgets()));
testLayer("credential", () => credential(new KeyStates()));
testLayer("credential with several keys", () => credential(new KeyStates()), {
  target: targetOf("main", { credentials: { keys: [new Secret("key-one"), new Secret("key-two")] } }),
});
testLayer("credential with a token hook", () => credential(new KeyStates()), {
  target: targetOf("main", { credentials: { keys: [], token: async () => ({ token: "t" }) } }),
});
testLayer("admission", () => admissionLayer());
testLayer("breaker gate", () => breakerGate(new Breakers(new FakeClock())));
testLayer("circuit breaker", () => circuitBreaker(new Breakers(new FakeClock())), {
  target: targetOf("main", {}, { breaker: { threshold: 5, windowMs: undefined, halfOpenAfterMs: 10_000 } }),
});
testLayer("circuit breaker with a window", () => circuitBreaker(new Breakers(new FakeClock())), {
  target: targetOf("main", {}, { breaker: { threshold: 5, windowMs: 1_000, halfOpenAfterMs: 10_000 } }),
});
testLayer("admission with slots", () => admissionLayer(), {
  target: targetOf("main", {}, { maxParallel: 1, queue: 1 }),
});
testLayer("loading", () => loading(() => scripted([])));
testLayer("loading of an SDK", () => loading(() => ({ ...scripted([]), load: async () => {} })));
testLayer("timeout", () => timeout, { target: targetOf("main", {}, { firstTokenTimeoutMs: 5_000 }) });
testLayer("output guard", () => outputGuard);
testLayer("output guard that strips tokens", () => outputGuard, {
  target: targetOf("main", {}, { stripTokens: { tokens: ["<|im_end|>"], where: "end" } }),
});
testLayer("meter", () => meter);
