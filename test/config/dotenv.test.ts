import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadDotEnv } from "../../src/config/dotenv.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-dotenv-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("adds the variables of the file, except those already set", () => {
  const path = join(folder, ".env");
  writeFileSync(path, '# keys\nFIRST="from file"\nSECOND=two\nEMPTY=\n');
  const env: Record<string, string | undefined> = { SECOND: "already" };
  expect(loadDotEnv(path, env).toSorted()).toEqual(["EMPTY", "FIRST"]);
  expect(env).toEqual({ FIRST: "from file", SECOND: "already", EMPTY: "" });
});

test("ignores a missing file", () => {
  const env = {};
  expect(loadDotEnv(join(folder, "nowhere"), env)).toEqual([]);
  expect(env).toEqual({});
});

const UTF16_TEXT = Buffer.from("\ufeffFIRST=one\r\nSECOND=two\r\n", "utf16le");
test.each([
  ["a byte-order mark", Buffer.from("\ufeffFIRST=one\nSECOND=two\n")],
  ["Windows line ends", Buffer.from("FIRST=one\r\nSECOND=two\r\n")],
  ["UTF-16, as PowerShell writes it", UTF16_TEXT],
  ["big-endian UTF-16", Buffer.from(UTF16_TEXT).swap16()],
])("reads a file with %s", (_, bytes) => {
  const path = join(folder, "windows.env");
  writeFileSync(path, bytes);
  const env = {};
  loadDotEnv(path, env);
  expect(env).toEqual({ FIRST: "one", SECOND: "two" });
});

test("ignores a directory of that name", () => {
  const path = join(folder, "venv");
  mkdirSync(path);
  expect(loadDotEnv(path, {})).toEqual([]);
});

test("reports the path of an unreadable file", () => {
  const pipe = join(folder, "pipe.env");
  execFileSync("mkfifo", [pipe]);
  expect(() => loadDotEnv(pipe, {})).toThrow(`the file ${pipe} is not a regular file`);
  const binary = join(folder, "binary.env");
  writeFileSync(binary, Buffer.from([0x41, 0x3d, 0xff, 0xc0]));
  expect(() => loadDotEnv(binary, {})).toThrow(`the file ${binary} is not UTF-8 text`);
});
