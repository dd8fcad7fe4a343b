import { expect, test } from "vitest";
import { flattenHeaders, WireHeaders } from "../../src/transport/headers.ts";

const headers = new WireHeaders({ "content-type": "a/b", "set-cookie": ["x=1", "y=2"], "x-id": "7" }).asHeaders();

test("response headers behave like those of fetch", () => {
  expect(headers.get("Content-Type")).toBe("a/b");
  expect(headers.get("missing")).toBeNull();
  expect([headers.has("X-ID"), headers.has("nope")]).toEqual([true, false]);
  expect(headers.get("set-cookie")).toBe("x=1, y=2");
  expect(headers.getSetCookie()).toEqual(["x=1", "y=2"]);
  expect([...headers.keys()]).toEqual(["content-type", "set-cookie", "x-id"]);
  expect([...headers.values()]).toEqual(["a/b", "x=1, y=2", "7"]);
  expect([...headers]).toEqual([...headers.entries()]);
  expect(Object.fromEntries(headers.entries())).toEqual({
    "content-type": "a/b",
    "set-cookie": "x=1, y=2",
    "x-id": "7",
  });
});

test("forEach passes value, name and the headers", () => {
  const seen: unknown[] = [];
  headers.forEach((value, name, parent) => void seen.push([name, value, parent === headers]));
  expect(seen[2]).toEqual(["x-id", "7", true]);
});

test("response headers are readable in a log", () => {
  expect(JSON.parse(JSON.stringify({ headers }))).toMatchObject({ headers: { "set-cookie": ["x=1", "y=2"] } });
});

test("response headers cannot be changed", () => {
  expect(() => headers.set("a", "b")).toThrow(TypeError);
  expect(() => headers.append("a", "b")).toThrow(TypeError);
  expect(() => headers.delete("a")).toThrow(TypeError);
});

test("request headers of the connection are dropped", () => {
  const flat = flattenHeaders({ Connection: "close", "Content-Length": "9", "X-A": "1" }, "identity");
  expect(flat).toEqual(["x-a", "1", "accept-encoding", "identity"]);
  expect(flattenHeaders(undefined, "gzip")).toEqual(["accept-encoding", "gzip"]);
});

test("properties of the prototype are not headers", () => {
  expect(headers.get("constructor")).toBeNull();
});
