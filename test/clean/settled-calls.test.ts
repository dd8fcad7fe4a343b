import { getEventListeners } from "node:events";
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { isModelError, type Model, type ModelError, ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { CountingClock } from "../harness/counting-clock.ts";
import { collectGarbage } from "../harness/left-over.ts";
import { listen } from "../harness/loopback.ts";
import { entryFor } from "../harness/recording-files.ts";
import { smallBody, smallStream, unfinishedStream } from "../harness/small-answers.ts";
import { until } from "../harness/waits.ts";
import type { Said, SeenRequest, WireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const WAYS = ["codegen", "stream"] as const;
type Way = (typeof WAYS)[number];

/** One slot, one more in the queue, a breaker that opens at once: whatever a call keeps, the next one runs into. */
const ONE_AT_A_TIME = 'max_parallel = 1\nqueue = 1\ncircuit_breaker = { threshold = 1, half_open_after = "1ms" }';

/** The keep-alive pool of one caller: a connection rests for a turn of the event loop, so a second one takes turns with it. */
const POOLED = 2;

/** A model, the server behind it, and everything a call may hold. */
interface Scene {
  readonly wire: Wire;
  readonly way: Way;
  readonly server: WireServer;
  readonly model: Model;
  readonly factory: ModelFactory<Record<never, never>>;
  readonly clock: CountingClock;
  readonly abort: AbortController;
  /** What the server says next; `undefined` is the small answer. */
  answer: ((request: SeenRequest) => Said | undefined) | undefined;
}

async function scene(wire: Wire, way: Way, keys = "", origin?: string): Promise<Scene> {
  const server = await serving((request) => (made.answer === undefined ? small(wire, way) : made.answer(request)));
  const clock = new CountingClock();
  const toml = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", origin ?? server.origin, "");
  const own = keys.includes("num_retries") ? toml.replace("num_retries = 0\n", "") : toml;
  const factory = ModelFactory.parse(`${own}${ONE_AT_A_TIME}\n${keys}\n`, { env: {}, clock });
  onTestFinished(() => factory.close());
  const made: Scene = {
    wire,
    way,
    server,
    factory,
    clock,
    model: factory.get("asked"),
    abort: new AbortController(),
    answer: undefined,
  };
  return made;
}

const small = (wire: Wire, way: Way) => (way === "stream" ? smallStream(wire) : smallBody(wire));

/** Asks the way of the scene; the failure, or nothing. */
async function ask({ model, way, abort }: Scene, onText?: () => void): Promise<ModelError | undefined> {
  const options = { signal: abort.signal };
  try {
    if (way === "codegen") await model.codegen("Hello", options);
    else for await (const event of model.stream("Hello", options)) if (event.type === "text-delta") onText?.();
    return undefined;
  } catch (error) {
    if (isModelError(error)) return error;
    throw error;
  }
}

/** Ends one call its own way and gives the code it ended with. */
interface Ending {
  readonly keys?: string;
  readonly code: string | undefined;
  /** Whether the connection goes back to the pool. */
  readonly keepsSocket?: boolean;
  readonly ways?: readonly Way[];
  /** False where a probe of the breaker cannot end that way. */
  readonly probes?: false;
  run(scene: Scene): Promise<ModelError | undefined>;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  "an answer": { code: undefined, keepsSocket: true, run: (scene) => ask(scene) },
  "an error of the provider": {
    code: "server_error",
    keepsSocket: true,
    run(scene) {
      scene.answer = () => ({ status: 500, body: '{"error":{"message":"broken"}}' });
      return ask(scene);
    },
  },
  "a cut body": {
    code: "stream_truncated",
    ways: ["stream"],
    run(scene) {
      scene.answer = () => ({ ...unfinishedStream(scene.wire), cut: true });
      return ask(scene);
    },
  },
  "an abort before it starts": {
    code: "aborted",
    keepsSocket: true,
    run(scene) {
      scene.abort.abort();
      return ask(scene);
    },
  },
  "an abort while the headers are awaited": {
    code: "aborted",
    run(scene) {
      scene.answer = () => {
        setImmediate(() => scene.abort.abort());
        return undefined;
      };
      return ask(scene);
    },
  },
  "an abort in the middle of the body": {
    code: "aborted",
    run(scene) {
      const { wire, way, abort } = scene;
      scene.answer = () => {
        if (way === "stream") return { ...unfinishedStream(wire), stall: true };
        setTimeout(() => abort.abort(), 5);
        const headers = { "content-type": "application/json" };
        return { body: smallBody(wire).body.slice(0, 40), pieceBytes: 10, stall: true, headers };
      };
      return ask(scene, () => abort.abort());
    },
  },
  "an abort in the wait before a retry": {
    keys: 'num_retries = 2\nretry_min_wait = "1ms"',
    code: "aborted",
    keepsSocket: true,
    run(scene) {
      scene.answer = () => ({ status: 429, headers: { "retry-after": "0.3" }, body: "{}" });
      scene.clock.onSchedule = (delayMs) => {
        if (delayMs >= 300 && delayMs <= 330) setImmediate(() => scene.abort.abort());
      };
      return ask(scene);
    },
  },
  "an abort in the queue": {
    code: "aborted",
    keepsSocket: true,
    probes: false,
    async run(scene) {
      let finish = () => {};
      const inFlight = Promise.withResolvers<void>();
      scene.answer = (request) => {
        finish = () => {
          scene.answer = undefined;
          request.socket.destroy();
        };
        inFlight.resolve();
        return undefined;
      };
      const first = ask({ ...scene, abort: new AbortController() });
      await inFlight.promise;
      const queued = ask(scene);
      setImmediate(() => scene.abort.abort());
      const error = await queued;
      expect(error?.attempts).toHaveLength(0);
      finish();
      await first;
      return error;
    },
  },
  "a clock that runs out": {
    keys: 'timeout = "100ms"',
    code: "timed_out",
    run(scene) {
      scene.answer = () => undefined;
      return ask(scene);
    },
  },
  "a deadline that runs out": {
    keys: 'deadline = "100ms"',
    code: "timed_out",
    run(scene) {
      scene.answer = () => ({ ...unfinishedStream(scene.wire), stall: true });
      return ask(scene);
    },
  },
  "a reader that leaves the loop": {
    code: undefined,
    ways: ["stream"],
    async run(scene) {
      scene.answer = () => ({ ...unfinishedStream(scene.wire), stall: true });
      const stream = scene.model.stream("Hello", { signal: scene.abort.signal });
      for await (const event of stream) if (event.type === "text-delta") break;
      return undefined;
    },
  },
};

/** Makes the breaker half open, so that the next call is its probe. */
async function openBreaker(scene: Scene): Promise<void> {
  scene.answer = () => ({ status: 500, body: "{}" });
  await ask({ ...scene, abort: new AbortController() });
  expect(scene.factory.breakers.state("asked")).toBe("open");
  scene.answer = undefined;
  const openedMs = Date.now();
  await until(() => Date.now() > openedMs + 2);
}

/** Asks until the target is asked again: a slot or a verdict that was kept would be in the way for ever. */
async function answeredAgain(scene: Scene): Promise<void> {
  scene.answer = undefined;
  scene.clock.onSchedule = undefined;
  const startMs = performance.now();
  for (;;) {
    const error = await ask({ ...scene, abort: new AbortController() });
    if (error === undefined) return;
    if (performance.now() - startMs > 2_000) throw error;
  }
}

async function nothingLeft({ clock, abort, server }: Scene, sockets: number): Promise<void> {
  expect(clock.armed).toBe(0);
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
  await until(() => server.sockets.size <= sockets);
}

const MATRIX = WIRES.flatMap((wire) =>
  WAYS.flatMap((way) =>
    Object.entries(ENDINGS)
      .filter(([, { ways }]) => ways === undefined || ways.includes(way))
      .map(([name, ending]) => ({ wire, way, name, ending })),
  ),
);

describe("a settled call leaves no timer, listener, socket, slot or pending breaker result", () => {
  test.each(MATRIX)("$wire, $way: $name", async ({ wire, way, ending }) => {
    const seen = await scene(wire, way, ending.keys);
    const error = await ending.run(seen);
    expect(error?.code).toBe(ending.code);
    await nothingLeft(seen, ending.keepsSocket === true ? POOLED : 0);
    await answeredAgain(seen);
    await nothingLeft(seen, POOLED);
  });

  test.each(MATRIX.filter(({ ending }) => ending.probes !== false))(
    "$wire, $way, as the probe of a breaker: $name",
    async ({ wire, way, ending }) => {
      const seen = await scene(wire, way, ending.keys);
      await openBreaker(seen);
      const error = await ending.run(seen);
      expect(error?.code).toBe(ending.code);
      await nothingLeft(seen, ending.keepsSocket === true ? POOLED : 0);
      await answeredAgain(seen);
      expect(seen.factory.breakers.state("asked")).toBe("closed");
      await nothingLeft(seen, POOLED);
    },
  );

  test.each(WIRES.flatMap((wire) => WAYS.map((way) => ({ wire, way }))))(
    "$wire, $way: an abort while connecting",
    async ({ wire, way }) => {
      const silent = await listen(createServer((socket) => void socket.resume()));
      const seen = await scene(wire, way, "", `https://127.0.0.1:${silent.port}`);
      const asked = ask(seen);
      await until(() => silent.sockets.size === 1);
      seen.abort.abort();
      expect((await asked)?.code).toBe("aborted");
      await nothingLeft(seen, 0);
      await until(() => silent.sockets.size === 0);
    },
  );
});

describe("a hedged call", () => {
  test.each(MATRIX.filter(({ name }) => name === "an answer"))(
    "$wire, $way: closes the slower request completely",
    async ({ wire, way }) => {
      const server = await serving((_request, index) => (index === 0 ? undefined : small(wire, way)));
      const clock = new CountingClock();
      const entry = entryFor({ wire, provider: "some-host", model: "some-model" }, "asked", server.origin);
      const factory = ModelFactory.parse(`${entry}hedge_after = "30ms"\n`, { env: {}, clock });
      onTestFinished(() => factory.close());
      const { signal } = new AbortController();
      const model = factory.get("asked");
      const asked = way === "codegen" ? model.codegen("Hello", { signal }) : model.stream("Hello", { signal }).reply;
      const { text, attempts } = await asked;
      expect(text).toBe("fine");
      expect(attempts.map(({ outcome }) => outcome).toSorted()).toEqual(["aborted", "ok"]);
      expect(clock.armed).toBe(0);
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
      await until(() => server.sockets.size <= 1);
    },
  );
});

describe("a stream that is not read", () => {
  test.each(WIRES)("%s: sends no request and holds no resources", async (wire) => {
    const seen = await scene(wire, "stream");
    const streams = Array.from({ length: 20 }, () => seen.model.stream("Hello", { signal: seen.abort.signal }));
    await nothingLeft(seen, 0);
    expect(seen.clock.scheduled).toBe(0);
    expect(seen.server.requests).toHaveLength(0);
    expect(streams).toHaveLength(20);
  });

  test.each(WIRES)(
    "%s: releases its socket and slot when it is garbage collected after a partial read",
    async (wire) => {
      const seen = await scene(wire, "stream");
      seen.answer = () => ({ ...unfinishedStream(wire), stall: true });
      await readOneEvent(seen);
      expect(seen.server.sockets.size).toBe(1);
      await until(() => {
        collectGarbage();
        return seen.server.sockets.size === 0;
      });
      await answeredAgain(seen);
      await nothingLeft(seen, POOLED);
    },
  );
});

/** Takes one event and forgets the stream without a word. */
async function readOneEvent({ model, abort }: Scene): Promise<void> {
  await model.stream("Hello", { signal: abort.signal })[Symbol.asyncIterator]().next();
}

describe("a thousand calls with the same AbortController", () => {
  test.each(WIRES)("%s: leave no listener, no timer and only the two shared connections", async (wire) => {
    const seen = await scene(wire, "codegen");
    const { signal } = seen.abort;
    let most = 0;
    for (let call = 0; call < 500; call++) {
      seen.answer = () => smallBody(wire);
      expect((await seen.model.codegen("Hello", { signal })).text).toBe("fine");
      seen.answer = () => smallStream(wire);
      for await (const _event of seen.model.stream("Hello", { signal }))
        most = Math.max(most, getEventListeners(signal, "abort").length);
    }
    expect(seen.server.requests).toHaveLength(1_000);
    expect(seen.server.opened).toBeLessThanOrEqual(POOLED);
    expect(most).toBe(1);
    await nothingLeft(seen, POOLED);
  });
});
