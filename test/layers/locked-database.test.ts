import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { entryFor } from "../harness/recording-files.ts";
import { writtenAnswer } from "../harness/written-answer.ts";

/** `seeded`: the state store is empty, so that it asks the ledger what was spent. */
type Place = "state" | "ledger" | "ledger with hashed users" | "ledger, seeded";
const PLACES: readonly Place[] = ["state", "ledger", "ledger with hashed users", "ledger, seeded"];
const SHAPES = ["body", "stream"] as const;
const ENDS = ["abort", "deadline"] as const;

const CASES = PLACES.flatMap((place) => SHAPES.flatMap((shape) => ENDS.map((end) => ({ place, shape, end }))));

const FAILURES = {
  abort: { code: "aborted" },
  deadline: { code: "timed_out", phase: "deadline" },
};

/** One slot without a queue, a budget and both databases; `atRequest` runs when the provider has got a request. */
async function world(place: Place, atRequest: () => void = () => {}, durability = "sync") {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-locked-"));
  const server = await serving((request) => {
    atRequest();
    return writtenAnswer("openai", request, { text: "hello" });
  });
  const keys = 'max_new_tokens = 10\nmax_parallel = 1\nqueue = 0\ndeadline = "1500ms"\n';
  const toml = `${entryFor({ wire: "openai", provider: "some-host", model: "some-model" }, "asked", server.origin, keys)}
[models.asked.pricing]
input = 1
output = 10
[budgets.team]
usd = 10
period = "total"
[state]
store = "sqlite"
path = "state.db"
timeout = "60s"
[ledger]
path = "ledger.db"
durability = "${durability}"
users = ${place === "ledger with hashed users" ? '"hash"' : '"plain"'}
`;
  const clock = new FakeClock();
  const open = () => {
    const factory = ModelFactory.parse(toml, { env: {}, baseDir: folder, clock });
    onTestFinished(() => factory.close());
    return factory;
  };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const first = open();
  await first.get("asked").codegen("Hi", { user: "ann" });
  if (place === "ledger, seeded") {
    await first.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(join(folder, `state.db${end}`), { force: true });
  }
  // Another process has read no key yet.
  const factory = place === "ledger" || place === "state" ? first : open();
  const lock = () => locked(join(folder, place === "state" ? "state.db" : "ledger.db"));
  return { place, factory, clock, server, lock, open, state: join(folder, "state.db") };
}

/** Holds the lock of a database until the returned function runs. */
function locked(path: string): () => void {
  const database = new DatabaseSync(path);
  database.exec("BEGIN IMMEDIATE");
  let isHeld = true;
  const unlock = () => {
    if (isHeld) database.close();
    isHeld = false;
  };
  onTestFinished(unlock);
  return unlock;
}

type World = Awaited<ReturnType<typeof world>>;

/** A call, and how to end it. */
function started({ place, factory, clock, state }: World, shape: (typeof SHAPES)[number], end: (typeof ENDS)[number]) {
  const abort = new AbortController();
  const model = factory.get("asked");
  const options = { user: "ann", signal: abort.signal };
  const call = shape === "body" ? model.codegen("Hi", options) : model.stream("Hi", options).reply;
  call.catch(() => {});
  return {
    call,
    abort: () => abort.abort(),
    async ends() {
      // The call waits for the lock by then: the other database has answered.
      await clock.advance(100);
      const isReserved = async () => (await factory.budgets.status()).some(({ reserved }) => (reserved ?? 0) > 0);
      if (place === "ledger" || place === "ledger with hashed users")
        await expect.poll(isReserved, { timeout: 60_000 }).toBe(true);
      else if (place === "ledger, seeded") await expect.poll(() => existsSync(state), { timeout: 60_000 }).toBe(true);
      await clock.advance(100);
      if (end === "abort") abort.abort();
      else await clock.advance(1_500);
    },
  };
}

async function expectNothingLeft({ factory }: Pick<World, "factory">, attempts: number): Promise<void> {
  expect(await factory.budgets.status()).toMatchObject([{ reserved: 0 }]);
  const rows = await factory.ledger.query({ by: ["outcome"] });
  const ended = rows.map(({ group, open }) => `${group["outcome"]} ${open}`);
  expect(ended).not.toContain("lost 0");
  expect(rows.reduce((sum, row) => sum + row.open, 0)).toBe(0);
  expect(rows.reduce((sum, row) => sum + row.attempts, 0)).toBe(attempts);
}

describe("a call that waits for a locked database", () => {
  it.each(CASES)("ends at once and leaves nothing behind: $place, $shape, $end", async ({ place, shape, end }) => {
    const here = await world(place);
    const unlock = here.lock();
    const { call, ends } = started(here, shape, end);
    await ends();
    await expect(call).rejects.toMatchObject(FAILURES[end]);
    expect(here.server.requests).toHaveLength(1);
    unlock();
    // Before the next call, which would renew the same counters.
    await expectNothingLeft(here, place === "state" || place === "ledger, seeded" ? 1 : 2);
    expect((await here.factory.get("asked").codegen("Hi")).text).toBe("hello");
  });

  it.each(["state", "ledger"] as const)("leaves nothing behind if the factory is closed then: %s", async (place) => {
    const here = await world(place);
    const unlock = here.lock();
    const { call, ends } = started(here, "body", "abort");
    await ends();
    await expect(call).rejects.toMatchObject(FAILURES.abort);
    const closed = here.factory.close();
    await here.clock.advance(0);
    unlock();
    await closed;
    await expectNothingLeft({ factory: here.open() }, place === "state" ? 1 : 2);
  });
});

describe("an answer whose final row waits for the lock", () => {
  it.each(SHAPES.flatMap((shape) => ENDS.map((end) => ({ shape, end }))))(
    "is kept when the call ends: $shape, $end",
    async ({ shape, end }) => {
      let unlock = () => {};
      let here: World | undefined;
      here = await world("ledger", () => {
        if (here !== undefined) unlock = here.lock();
      });
      const { call, abort } = started(here, shape, end);
      let isEnded = false;
      call.finally(() => {
        isEnded = true;
      });
      await here.clock.advance(0);
      await expect.poll(() => here?.server.requests.length).toBe(2);
      await here.clock.advance(100);
      expect(isEnded).toBe(false);
      if (end === "abort") abort();
      else await here.clock.advance(1_500);
      expect((await call).text).toBe("hello");
      unlock();
      await expectNothingLeft(here, 2);
    },
  );

  it("does not wait for budgets that are booked later, unless the row must be on disk", async () => {
    let unlock = () => {};
    let here: World | undefined;
    here = await world(
      "state",
      () => {
        if (here !== undefined) unlock = here.lock();
      },
      "batch",
    );
    const { call } = started(here, "body", "abort");
    expect((await call).text).toBe("hello");
    const rows = here.factory.ledger.query();
    unlock();
    expect(await rows).toMatchObject([{ attempts: 2, open: 0 }]);
    await expectNothingLeft(here, 2);
  });
});
