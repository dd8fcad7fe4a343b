import * as api from "@opentelemetry/api";
import { expect, it } from "vitest";
import { scripted } from "../../src/dialects/scripted/dialect.ts";
import { lazyTelemetry } from "../../src/layers/lazy-telemetry.ts";
import { telemetry } from "../../src/layers/telemetry.ts";
import { abort, callOf, read, textOf, through } from "../harness/call-of.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

it("lets the first calls wait for the package, unless they are cancelled", async () => {
  const { promise, resolve } = Promise.withResolvers<typeof api>();
  const lazy = lazyTelemetry(() => promise, SILENT);
  const run = through([lazy.ready, telemetry([lazy.observer])], scripted(["one", "two", "three"]));
  let isOver = false;
  const first = read(run(callOf())).finally(() => {
    isOver = true;
  });
  const cancelled = callOf();
  const left = read(run(cancelled));
  cancelled.cancellation.cancel(abort());
  await left;
  expect(isOver).toBe(false);
  resolve(api);
  expect(textOf(await first)).not.toBe("");
});

it("goes on untraced without the package, and logs that once", async () => {
  const errors: unknown[] = [];
  const logger = { ...SILENT, error: (message: string, fields?: object) => void errors.push([message, fields]) };
  const lazy = lazyTelemetry(() => Promise.reject(new Error("Cannot find package")), logger);
  const run = through([lazy.ready, telemetry([lazy.observer])], scripted(["one", "two"]));
  expect(textOf(await read(run(callOf())))).toBe("one");
  expect(textOf(await read(run(callOf())))).toBe("two");
  expect(errors).toEqual([
    ["telemetry is off", { help: "otel = true needs the package @opentelemetry/api", reason: "Cannot find package" }],
  ]);
});
