import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { expect, it, onTestFinished } from "vitest";
import { cli } from "../harness/terminal.ts";
import { WIRES } from "../harness/wires.ts";
import { ERROR_SHAPE, PATHS } from "./raw-client.ts";
import { CHAT, chatBody, world } from "./world.ts";

const KEYS = ["ann", "bob", "eve"].map((name) => `[gateway.keys.${name}]\nkey = "mw-${name}-0123456789ab"\n`).join("");

/** The lengths of the values that are compared in constant time from now on. */
function comparisons(): number[] {
  const lengths: number[] = [];
  const { timingSafeEqual } = crypto;
  crypto.timingSafeEqual = (left, right) => {
    lengths.push(left.byteLength, right.byteLength);
    return timingSafeEqual(left, right);
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    crypto.timingSafeEqual = timingSafeEqual;
    syncBuiltinESMExports();
  });
  return lengths;
}

it("G04: every key is compared with every hash in constant time, whatever its length", async () => {
  const { url, post } = await world({ toml: KEYS });
  const compared = comparisons();
  const statusOf = async (key: string) =>
    (await post(CHAT, chatBody("openai"), { authorization: `Bearer ${key}` })).status;
  expect(await statusOf("mw-ann-0123456789ab")).toBe(200);
  expect(await statusOf("mw-eve-0123456789ab")).toBe(200);
  for (const key of ["m", "mw-ann-0123456789a", "mw-ann-0123456789abc", `mw-${"x".repeat(8_000)}`, "\u00e9"])
    expect(await statusOf(key), key.slice(0, 30)).toBe(401);
  expect(compared).toEqual(new Array(7 * 3 * 2).fill(32));
  for (const wire of WIRES) {
    const response = await fetch(url + PATHS[wire], { method: "POST", body: "{}" });
    expect([response.status, await response.json()], wire).toMatchObject([401, ERROR_SHAPE[wire]]);
  }
});

it("G04: an empty, short or unset key keeps the gateway from starting", async () => {
  const toml =
    '[gateway]\nport = 0\n[gateway.keys.ann]\nkey = "env:ANN_KEY"\n[models.m]\nname = "m"\nprovider = "simulator"\n';
  for (const env of [{}, { ANN_KEY: "" }, { ANN_KEY: " " }, { ANN_KEY: "short" }]) {
    const { code, out, err } = await cli(["serve", "--json"], { toml, env: env as Record<string, string> });
    expect({ code, out, err }).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(/ANN_KEY|16 visible characters/),
    });
  }
});
