import { describe, expect, test } from "vitest";
import { proxyFor } from "../../src/core/proxy.ts";

const PROXY = "http://proxy.test:3128";

describe("NO_PROXY", () => {
  test.each([
    ["https://api.test/v1", "api.test"],
    ["https://API.test/v1", "Api.TEST"],
    ["https://a.api.test", "api.test"],
    ["https://a.api.test", ".api.test"],
    ["https://api.test", ".api.test"],
    ["https://a.api.test", "*.api.test"],
    ["https://api.test.", "api.test"],
    ["https://api.test", "api.test."],
    ["https://api.test:8443", "api.test:8443"],
    ["https://api.test", "api.test:443"],
    ["https://api.test", "one.test two.test\tapi.test"],
    ["https://api.test", "one.test,  * "],
    ["https://api.test", "*:443"],
    ["http://[::1]:81", "::1"],
    ["http://[::1]:81", "[::1]"],
    ["http://[::1]:81", "[::1]:81"],
    ["http://[::1]", "0:0:0:0:0:0:0:1"],
    ["http://[fd00::5]", "fd00::/8"],
    ["http://10.1.2.3", "10.0.0.0/8"],
    ["http://10.1.2.3:5", "10.0.0.0/8:5"],
  ])("exempts %s by %j", (address, list) => {
    expect(proxyFor(PROXY, address, { NO_PROXY: list })).toBeUndefined();
  });

  test.each([
    ["https://myapi.test", "api.test"],
    ["https://api.test", "*.api.test"],
    ["https://api.test", "api.test:80"],
    ["https://api.test", "*:80"],
    ["https://api.test", ""],
    ["https://api.test", " , . "],
    ["http://[::1]:81", "[::1]:80"],
    ["http://11.1.2.3", "10.0.0.0/8"],
    ["http://10.1.2.3", "10.0.0.0/99"],
    ["http://10.1.2.3", "10.0.0.0/x"],
    ["http://1.2.3.4", "::/0"],
  ])("does not exempt %s with %j", (address, list) => {
    expect(proxyFor(PROXY, address, { NO_PROXY: list })).toBe(PROXY);
  });
});

describe("HTTPS_PROXY", () => {
  test.each<[Record<string, string>, string | undefined]>([
    [{ HTTPS_PROXY: "http://a.test:1" }, "http://a.test:1"],
    [{ https_proxy: "http://a.test:1", HTTPS_PROXY: "http://b.test:1" }, "http://a.test:1"],
    [{ https_proxy: "", HTTPS_PROXY: "http://b.test:1" }, "http://b.test:1"],
    [{ HTTPS_PROXY: "a.test:3128" }, "http://a.test:3128"],
    [{ HTTPS_PROXY: "user:secret@a.test:3128" }, "http://user:secret@a.test:3128"],
    [{ HTTPS_PROXY: "socks5://a.test:1080" }, "socks5://a.test:1080"],
    [{ HTTPS_PROXY: "ftp://a.test" }, undefined],
    [{ HTTPS_PROXY: "a.test:1", no_proxy: "", NO_PROXY: "api.test" }, undefined],
    [{}, undefined],
  ])("is interpreted like in curl and undici: %j", (env, expected) => {
    expect(proxyFor(undefined, "https://api.test/v1", env)).toBe(expected);
  });

  test("does not apply to http URLs", () => {
    expect(proxyFor(undefined, "http://127.0.0.1:8080/v1", { HTTPS_PROXY: PROXY })).toBeUndefined();
  });
});
