import { EventEmitter } from "node:events";
import { test } from "vitest";

test("adds listener after listener to one emitter", () => {
  const emitter = new EventEmitter();
  for (let count = 0; count < 11; count++) emitter.on("abort", () => {});
});
