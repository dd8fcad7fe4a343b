import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.ts";
import { cli, TOML } from "../harness/terminal.ts";

describe("the command line", () => {
  it("shows its commands without arguments", async () => {
    const { golden } = await cli([]);
    await expect(golden).toMatchFileSnapshot("golden/help.txt");
  });

  it("shows a command's flags with the global ones", async () => {
    const { golden } = await cli(["run", "--help"]);
    await expect(golden).toMatchFileSnapshot("golden/help-run.txt");
  });

  it("prints the version of the package", async () => {
    const { out, code } = await cli(["--version"]);
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(code).toBe(0);
  });

  it.each([
    [["rnu"], "error: unknown command 'rnu'\n  do     did you mean run?\n"],
    [["run", "--temprature", "1"], "error: unknown option '--temprature'\n  do     did you mean --temperature?\n"],
    [
      ["run", "-m", "fsat", "hi"],
      'error: unknown model "fsat"; known models: fast, careful, far\n  do     did you mean "fast"?\n',
    ],
    [
      ["run", "-t", "warm", "hi"],
      "error: option '-t, --temperature <number>' argument 'warm' is invalid. It must be a number.\n  do     npx modelwright --help lists commands and flags.\n",
    ],
    [
      ["explain", "careful", "more"],
      "error: too many arguments for 'explain'. Expected 1 argument but got 2: careful, more.\n  do     npx modelwright --help lists commands and flags.\n",
    ],
  ])("exits with 2 and a suggestion for invalid usage %j", async (argv, message) => {
    const { code, out, err } = await cli(argv, { toml: TOML });
    expect(err).toBe(message);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it.each([
    [["explain", "crefull"], 'did you mean "careful"?'],
    [["chat", "-m", "fsat"], 'did you mean "fast"?'],
    [["models", "--profile", "ci"], 'unknown profile "ci"; this file has none'],
  ])("exits with 2 for an unknown name in %j", async (argv, words) => {
    const { code, out, err } = await cli(argv, { toml: TOML });
    expect(err).toContain(words);
    expect([code, out]).toEqual([2, ""]);
  });

  it("says where it searched for models.toml and how to create one", async () => {
    const { code, err, folder } = await cli(["models"]);
    expect(err).toContain(`no models.toml in ${folder} or any folder above it`);
    expect(err).toContain("npx modelwright init");
    expect(code).toBe(2);
  });

  it("prints errors as one line of JSON on stderr with --json", async () => {
    const { code, out, err } = await cli(["run", "--json", "-m", "fsat", "hi"], { toml: TOML });
    expect(JSON.parse(err)).toMatchObject({ error: { type: "config", problems: [{ suggestion: "fast" }] } });
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it("prints a stack trace only with --debug", async () => {
    const argv = ["run", "-m", "far", "hi"];
    const session = { toml: TOML.replace("num_retries = 1", "num_retries = 0"), env: { FAR_KEY: "k-1" } };
    const plain = await cli(argv, session);
    const debug = await cli([...argv, "--debug"], session);
    expect(plain.err).not.toMatch(/^\s+at /m);
    expect(debug.err).toMatch(/^\s+at /m);
    expect([plain.code, debug.code]).toEqual([1, 1]);
  });

  it("uses the file of --config and the profile of --profile", async () => {
    const files = { "other.toml": `${TOML}\n[profiles.ci.models.fast]\nname = "made-up-ci"\n` };
    const { out } = await cli(["models", "-c", "other.toml", "--profile", "ci", "--json"], { files });
    expect(JSON.parse(out)[0]).toMatchObject({ name: "fast", model: "made-up-ci" });
  });

  it("reads .env, which environment variables override", async () => {
    const files = { ".env": "FAR_KEY=from-file\nMODELWRIGHT_CONFIG=models.toml\n" };
    const unset = await cli(["models", "--json"], { toml: TOML, files });
    expect(JSON.parse(unset.out)[2]).toMatchObject({ name: "far", usable: true });
    const emptied = await cli(["models", "--json"], { toml: TOML, files, env: { FAR_KEY: "" } });
    expect(JSON.parse(emptied.out)[2]).toMatchObject({ name: "far", usable: false });
  });

  it.each([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ])("uses color in a pipe with %j: %s", async (env, coloured) => {
    const { out } = await cli(["models"], { toml: TOML, env: { FAR_KEY: "k", ...env } });
    expect(out.includes("\u001b[")).toBe(coloured);
  });

  it("uses color on a terminal, unless --no-color or NO_COLOR is set", async () => {
    const session = { toml: TOML, terminal: true };
    expect((await cli(["models"], session)).out).toContain("\u001b[");
    expect((await cli(["models", "--no-color"], session)).out).not.toContain("\u001b[");
    expect((await cli(["models"], { ...session, env: { NO_COLOR: "1" } })).out).not.toContain("\u001b[");
  });

  it("fails when the output cannot be written", async () => {
    const stdout = new PassThrough();
    stdout.write = () => {
      stdout.emit("error", Object.assign(new Error("write ENOSPC"), { code: "ENOSPC" }));
      return false;
    };
    const stderr = new PassThrough();
    const io = { stdout, stderr, stdin: new PassThrough(), env: {}, cwd: "/", isTTY: false, columns: 80 };
    expect(await main(["schema"], io)).toBe(1);
    expect(String(stderr.read())).toBe("error: the output could not be written (ENOSPC)\n");
  });

  it("exits quietly when the output is closed", async () => {
    const stdout = new PassThrough();
    stdout.write = () => {
      stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      return false;
    };
    const stderr = new PassThrough();
    const code = await main(["schema"], {
      stdout,
      stderr,
      stdin: new PassThrough(),
      env: {},
      cwd: "/",
      isTTY: false,
      columns: 80,
    });
    expect(code).toBe(0);
    expect(stderr.read()).toBeNull();
  });
});
