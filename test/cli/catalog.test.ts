import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { CachedCatalog } from "../../src/catalog/cached-catalog.ts";
import { devDocument, devModel, folder, textOf } from "../harness/catalog-document.ts";
import { serve } from "../harness/loopback.ts";
import { cli } from "../harness/terminal.ts";

const DOCUMENT = devDocument({
  openai: [devModel("gpt-99"), devModel("gpt-4o", { cost: { input: 1, output: 4 } })],
  deepinfra: [devModel("org/model")],
});
const TEXT = JSON.stringify(DOCUMENT);

function cache() {
  const home = folder();
  const path = join(home, "modelwright", "catalog.jsonl");
  return { env: { XDG_CACHE_HOME: home, LOCALAPPDATA: home }, home, path };
}

const served = (body: string, status = 200, headers: Record<string, string> = {}) =>
  serve((_, response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(body));

/** What may differ between runs and releases. */
function stable(golden: string, home: string): string {
  return golden
    .replaceAll(home, "CACHE")
    .replace(/as of 20\d\d-\d\d-\d\d/, "as of DAY")
    .replace(/(shipped +)\S+ +\d+ models of \d+ providers/, "$1DAY COUNTS")
    .replace(/\(\d+ (?:B|kB)\)/g, "(SIZE)")
    .replace(/"fetchedAt": "[^"]+"/, '"fetchedAt": "NOW"')
    .replace(/"shipped": \{[^}]+\}/, '"shipped": {}')
    .replace(/"bytes": \d+/, '"bytes": 0');
}

describe("catalog update", () => {
  it("downloads the document once, without a credential, and programs use it", async () => {
    const server = await served(TEXT);
    const { env, path, home } = cache();
    const toml = '[models.new]\nname = "gpt-99"\nprovider = "openai"\n';
    const argv = ["catalog", "update", "--from", `${server.origin}/api.json?token=very-secret`];
    const { golden, code } = await cli(argv, { env: { ...env, OPENAI_API_KEY: "sk-1" }, toml });
    await expect(stable(golden, home)).toMatchFileSnapshot("golden/catalog-update.txt");
    expect(code).toBe(0);
    expect(server.requests).toMatchObject([{ method: "GET", url: "/api.json?token=very-secret" }]);
    expect(JSON.stringify(server.requests[0]?.headers)).not.toContain("sk-1");
    expect(readFileSync(path, "utf8")).not.toContain("very-secret");
    expect(readdirSync(dirname(path))).toEqual(["catalog.jsonl"]);

    const models = await cli(["models", "--json"], { env, toml });
    expect(JSON.parse(models.out)).toMatchObject([
      { context: 300_000, maxOutput: 50_000, price: { input: 2 }, releasedOn: "2026-09-15" },
    ]);
    const list = await cli(["models", "--catalog", "org/model"], { env });
    expect(list.out).toMatch(/deepinfra +org\/model +300k +50k +\$2\.00 \/ \$8\.00/);
    expect(server.requests).toHaveLength(1);
  });

  it("reads a file, relative to the working directory", async () => {
    const { env, path } = cache();
    const { code, out } = await cli(["catalog", "update", "--from", "mirror.json", "--json"], {
      env,
      files: { "mirror.json": `\ufeff${TEXT}` },
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ path, models: 3, providers: 2, newer: true, asOf: expect.any(String) });
    expect(CachedCatalog.read(path).header.source).toMatch(/mirror\.json$/);
  });

  it.each([
    ["no JSON", "<html>", /is not JSON/],
    ["cut", TEXT.slice(0, -20), /is not JSON/],
    ["of another kind", '{"object":"list","data":[]}', /has no provider with models/],
    ["empty", "", /is not JSON/],
    ["NaN where a number should be", TEXT.replace('"context":300000', '"context":NaN'), /is not JSON/],
  ])("keeps the old catalog when the document is %s", async (_what, body, message) => {
    const { env, path } = cache();
    mkdirSync(dirname(path));
    writeFileSync(path, textOf(DOCUMENT));
    const before = readFileSync(path, "utf8");
    const server = await served(body);
    const { code, err } = await cli(["catalog", "update", "--from", server.origin], { env });
    expect(err).toMatch(message);
    expect(err).toContain("Nothing was written");
    expect(code).toBe(1);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readdirSync(dirname(path))).toEqual(["catalog.jsonl"]);
  });

  it("drops invalid parts of a document", async () => {
    const { env, path } = cache();
    const bad = devDocument({
      openai: [
        devModel("negative", { cost: { input: -1, output: 1 } }),
        devModel("huge", { limit: { context: 1e300 } }),
      ],
    });
    const text = JSON.stringify(bad).replace(/^\{/, '{"__proto__":{"models":{"polluted":{}}},');
    const server = await served(text);
    expect((await cli(["catalog", "update", "--from", server.origin], { env })).code).toBe(0);
    const catalog = CachedCatalog.read(path);
    expect(catalog.names()).toEqual(["openai"]);
    expect(catalog.table("openai")?.byId.get("negative")?.price).toBeUndefined();
    expect(catalog.table("openai")?.byId.get("huge")?.context).toBeUndefined();
    expect(({} as Record<string, unknown>)["models"]).toBeUndefined();
  });

  it("stops reading a document that is too large", async () => {
    const { env, path } = cache();
    let sent = 0;
    const server = await serve((_, response) => {
      const piece = Buffer.alloc(1_048_576, " ");
      const more = () => {
        while (sent < 200 && !response.destroyed) {
          sent += 1;
          if (!response.write(piece)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const { code, err } = await cli(["catalog", "update", "--from", server.origin], { env });
    expect(err).toContain("larger than 32 MiB");
    expect(code).toBe(1);
    expect(sent).toBeLessThan(200);
    expect(existsSync(path)).toBe(false);
    await server.allClosed();
  });

  it("reports why a document is not available", async () => {
    const { env } = cache();
    const gone = await served("no", 404);
    const moved = await served("", 302, { location: "http://127.0.0.1:9/elsewhere?key=s3cret" });
    for (const [from, message] of [
      [gone.origin, /HTTP status 404/],
      [moved.origin, /redirects to http:\/\/127\.0\.0\.1:9/],
      ["http://127.0.0.1:9/api.json", /could not be fetched: .*ECONNREFUSED/],
    ] as const) {
      const { code, err } = await cli(["catalog", "update", "--from", from], { env });
      expect(err).toMatch(message);
      expect(err).toContain("--from FILE");
      expect(err).not.toContain("s3cret");
      expect(code).toBe(1);
    }
  });

  it.each([
    ["a file that is not there", ["--from", "gone.json"], /gone\.json does not exist/],
    ["a folder", ["--from", "."], /not a regular file|EISDIR/],
    ["another scheme", ["--from", "file:///etc/passwd"], /https:\/\/ or http:\/\//],
    ["an address that is none", ["--from", "https://"], /https:\/\/ or http:\/\//],
  ])("rejects %s as invalid usage", async (_what, flags, message) => {
    const { code, err } = await cli(["catalog", "update", ...flags], { env: cache().env });
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  it("needs a writable cache directory", async () => {
    const without = await cli(["catalog", "update", "--from", "m.json"], { files: { "m.json": TEXT } });
    expect(without.err).toContain("there is no cache folder: set XDG_CACHE_HOME");
    expect(without.code).toBe(2);
    const home = join(folder(), "a-file");
    writeFileSync(home, "");
    const blocked = await cli(["catalog", "update", "--from", "m.json"], {
      files: { "m.json": TEXT },
      env: { XDG_CACHE_HOME: home, LOCALAPPDATA: home },
    });
    expect(blocked.err).toMatch(/cannot be written to .* \((ENOTDIR|EEXIST|ENOENT)\)/);
    expect(blocked.code).toBe(1);
  });

  it("replaces a symbolic link and does not write through it", async () => {
    const { env, path } = cache();
    const victim = join(folder(), "victim");
    writeFileSync(victim, "mine");
    mkdirSync(dirname(path));
    symlinkSync(victim, path);
    expect((await cli(["catalog", "update", "--from", "m.json"], { files: { "m.json": TEXT }, env })).code).toBe(0);
    expect(readFileSync(victim, "utf8")).toBe("mine");
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
  });

  it("leaves one complete catalog when run twice concurrently", async () => {
    const { env, path } = cache();
    const runs = Array.from({ length: 4 }, () =>
      cli(["catalog", "update", "--from", "m.json"], { files: { "m.json": TEXT }, env }),
    );
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(CachedCatalog.read(path).header.models).toBe(3);
    expect(readdirSync(dirname(path))).toEqual(["catalog.jsonl"]);
  });

  it("shows progress on a terminal", async () => {
    const server = await served(TEXT);
    const { err } = await cli(["catalog", "update", "--from", server.origin], { env: cache().env, terminal: true });
    expect(err).toContain("fetching http://127.0.0.1");
  });
});

describe("catalog", () => {
  it("shows the active catalog and its age", async () => {
    const { env, path, home } = cache();
    const none = await cli(["catalog"], { env });
    expect(none.out).toMatch(/shipped +20\d\d-\d\d-\d\d +\d+ models of \d+ providers/);
    expect(none.out).toContain("nothing is cached; npx modelwright catalog update fetches newer facts");
    mkdirSync(dirname(path));
    const fetchedAt = new Date(Date.now() - 3.5 * 86_400_000).toISOString();
    writeFileSync(path, textOf(DOCUMENT, fetchedAt));
    const { golden } = await cli(["catalog"], { env });
    await expect(stable(golden, home).replaceAll(fetchedAt.slice(0, 10), "THEN")).toMatchFileSnapshot(
      "golden/catalog.txt",
    );
    const { out } = await cli(["catalog", "--json"], { env });
    expect(JSON.parse(out)).toMatchObject({
      shipped: { asOf: expect.any(String), models: expect.any(Number) },
      cached: { source: "https://models.dev/api.json", fetchedAt, models: 3, newer: expect.any(Boolean) },
      path,
    });
  });

  it("reports a damaged catalog, which other commands ignore", async () => {
    const { env, path } = cache();
    mkdirSync(dirname(path));
    writeFileSync(path, textOf(DOCUMENT).slice(0, -40));
    const { code, err } = await cli(["catalog"], { env });
    expect(err).toMatch(/the cached catalog .* is incomplete/);
    expect(err).toContain("npx modelwright catalog clear");
    expect(code).toBe(1);
    expect((await cli(["models", "--catalog", "gpt-4o-mini"], { env })).out).toContain("gpt-4o-mini");
    expect((await cli(["catalog", "clear"], { env })).code).toBe(0);
    expect((await cli(["catalog"], { env })).code).toBe(0);
  });

  it("clear removes the catalog, and reports if there is none", async () => {
    const { env, path } = cache();
    mkdirSync(dirname(path));
    writeFileSync(path, textOf(DOCUMENT));
    expect((await cli(["catalog", "clear", "--json"], { env })).out).toContain('"removed": true');
    expect(existsSync(path)).toBe(false);
    const again = await cli(["catalog", "clear"], { env });
    expect([again.out, again.code]).toEqual(["nothing is cached\n", 0]);
  });

  it("suggests a command for an unknown one", async () => {
    const { err, code } = await cli(["catalog", "updat"], { env: cache().env });
    expect(err).toContain("did you mean update?");
    expect(code).toBe(2);
  });
});
