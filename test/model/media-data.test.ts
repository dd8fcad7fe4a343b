import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ImageInput, type Input, localFile, type MediaData, type Model, tool } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type WrittenAnswer, writtenAnswer } from "../harness/written-answer.ts";

const BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PIXEL = Buffer.from(BASE64, "base64");
const PDF = Buffer.from("%PDF-1.7\nnothing");
let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "media-"));
  mkdirSync(at("folder.png"));
  writeFileSync(at("photo.dat"), PIXEL);
  writeFileSync(at("notes.md"), "# Notes");
  writeFileSync(at("secret.txt"), "hunter2");
  writeFileSync(at("unknown.xyz"), "?");
  writeFileSync(at("empty.png"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function modelThat(wire: Wire = "openai", answers: readonly WrittenAnswer[] = [], keys = "") {
  const server = await serving((request, index) =>
    writtenAnswer(wire, request, answers[index] ?? { text: "A pixel." }),
  );
  return { model: modelAt(wire, server.origin, keys), server };
}
const ask = (image: object): Input => [
  { role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image", ...image } as ImageInput] },
];

/** What the data of an image may be. */
const FORMS: readonly (readonly [string, () => object])[] = [
  ["a Buffer", () => ({ data: PIXEL })],
  [
    "a Uint8Array in a larger buffer",
    () => ({ data: new Uint8Array(Buffer.concat([PDF, PIXEL])).subarray(PDF.length) }),
  ],
  ["an ArrayBuffer", () => ({ data: new Uint8Array(PIXEL).buffer })],
  ["base64 without its type", () => ({ data: BASE64 })],
  ["a Blob", () => ({ data: new Blob([PIXEL]) })],
  ["a local file", () => ({ data: localFile(at("photo.dat")) })],
  ["a URL object of a file", () => ({ url: pathToFileURL(at("photo.dat")) })],
  ["a URL object with data", () => ({ url: new URL(`data:image/png;base64,${BASE64}`) })],
];

/** Every method that sends messages. */
const WAYS: Readonly<Record<string, (model: Model, input: Input) => Promise<unknown>>> = {
  codegen: (model, input) => model.codegen(input),
  stream: (model, input) => model.stream(input).reply,
  run: (model, input) => model.run(input),
  runStream: (model, input) => model.runStream(input).result,
  samples: (model, input) => model.codegen(input, { samples: 2, batchSize: 1 }),
  "session.codegen": (model, input) => model.session().codegen(input),
  "session.stream": (model, input) => model.session().stream(input).reply,
  "session.run": (model, input) => model.session().run(input),
};

describe("the data of an image", () => {
  it.each(FORMS)("may be %s", async (_, form) => {
    const { model, server } = await modelThat();
    await model.codegen(ask(form()));
    expect(server.requests[0]?.body).toContain(`data:image/png;base64,${BASE64}`);
  });

  it.each(WIRES)("is sent on the %s wire", async (wire) => {
    const { model, server } = await modelThat(wire);
    await model.codegen(ask({ data: localFile(at("photo.dat")) }));
    expect(server.requests[0]?.body).toContain(BASE64);
    expect(server.requests[0]?.body).toContain("image/png");
  });

  it.each(Object.keys(WAYS))("is read by %s before anything is sent", async (way) => {
    const { model, server } = await modelThat();
    await WAYS[way]?.(model, ask({ data: localFile(at("photo.dat")) }));
    expect(server.requests[0]?.body).toContain(BASE64);
    const sent = server.requests.length;
    const error = await failureOf((WAYS[way] as (typeof WAYS)[string])(model, ask({ data: localFile(at("no.png")) })));
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(`messages[0].content[1].data: file not found: ${at("no.png")}`);
    expect(server.requests).toHaveLength(sent);
  });

  it("may be in a tool result", async () => {
    const draw = tool({ name: "draw", execute: () => [{ type: "image", data: new Blob([PIXEL]) }] });
    const lost = tool({ name: "lost", execute: () => [{ type: "image", data: localFile(at("no.png")) }] });
    const calls = [
      { id: "c1", name: "draw", args: {} },
      { id: "c2", name: "lost", args: {} },
    ];
    const { model, server } = await modelThat("anthropic", [{ calls }]);
    const { messages } = await model.run("Draw.", { tools: [draw, lost] });
    expect(server.requests[1]?.body).toContain(BASE64);
    expect(JSON.stringify(messages)).toContain("file not found");
  });

  it("is plain JSON in the history of a session and in the messages of a run", async () => {
    const { model, server } = await modelThat();
    const session = model.session();
    await session.stream(ask({ data: localFile(at("photo.dat")) })).reply;
    await session.codegen(ask({ data: new Blob([PIXEL]) }));
    await session.run(ask({ url: pathToFileURL(at("photo.dat")) }));
    const copy = model.session({ messages: JSON.parse(JSON.stringify(session)) });
    await copy.codegen("And now?");
    expect(server.requests.at(-1)?.body.split(BASE64)).toHaveLength(4);
    const { messages } = await model.run(ask({ data: new Blob([PIXEL]) }));
    expect(JSON.parse(JSON.stringify(messages))).toEqual(messages);
  });

  it("is counted", async () => {
    const { model } = await modelThat();
    expect(await model.countTokens(ask({ data: localFile(at("photo.dat")) }))).toBeGreaterThan(100);
    expect(() => model.estimate(ask({ data: new Blob([PIXEL]) }))).toThrow("is read only by a call");
    expect(model.estimate(ask({ data: PIXEL })).tokens).toBeGreaterThan(100);
  });
});

describe("a media type", () => {
  const typed = async (part: object) => {
    const { model, server } = await modelThat("openai-responses");
    await model.codegen([{ role: "user", content: [part] }] as Input);
    return JSON.parse(server.requests[0]?.body ?? "").input[0].content[0];
  };

  it("is found in the bytes, then in the name, then in the Blob", async () => {
    expect(await typed({ type: "image", data: new Blob([PIXEL], { type: "image/jpeg" }) })).toMatchObject({
      image_url: `data:image/png;base64,${BASE64}`,
    });
    expect(await typed({ type: "file", data: PDF })).toMatchObject({
      file_data: `data:application/pdf;base64,${PDF.toString("base64")}`,
    });
    expect(await typed({ type: "file", data: localFile(at("notes.md")) })).toMatchObject({
      filename: "notes.md",
      file_data: `data:text/markdown;base64,${Buffer.from("# Notes").toString("base64")}`,
    });
    expect(await typed({ type: "file", data: new File(["a,b"], "table.csv") })).toMatchObject({
      filename: "table.csv",
      file_data: expect.stringContaining("data:text/csv;base64,"),
    });
    expect(await typed({ type: "file", data: new Blob(["x"], { type: "text/x-log; charset=utf-8" }) })).toMatchObject({
      file_data: expect.stringContaining("data:text/x-log;base64,"),
    });
    expect(await typed({ type: "file", data: PDF, mediaType: "application/x-own" })).toMatchObject({
      file_data: expect.stringContaining("data:application/x-own;base64,"),
    });
  });

  it("of a recording is found too", async () => {
    const wav = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVEfmt "), Buffer.alloc(8)]);
    const { model, server } = await modelThat("openai");
    await model.codegen([{ role: "user", content: [{ type: "audio", data: wav }] }] as Input);
    expect(JSON.parse(server.requests[0]?.body ?? "").messages[0].content[0].input_audio.format).toBe("wav");
  });
});

describe("data that cannot be sent", () => {
  const image = (data: MediaData) => ({ type: "image", data });
  it.each<[string, () => object, string, string?]>([
    ["a folder", () => image(localFile(at("folder.png"))), "folder.png is a folder"],
    ["a device", () => image(localFile("/dev/null")), "/dev/null is not a regular file"],
    ["an empty file", () => image(localFile(at("empty.png"))), "the data is empty"],
    ["an unknown type", () => ({ type: "file", data: localFile(at("unknown.xyz")) }), "file data needs a mediaType"],
    ["a PDF as an image", () => image(PDF), 'the data is application/pdf; use a part of type "file"'],
    ["a file above the limit", () => image(localFile(at("photo.dat"))), "too large", "max_input_bytes = 90"],
    ["a Blob above the limit", () => image(new Blob([PIXEL])), "too large", "max_input_bytes = 90"],
    ["data and a URL", () => ({ type: "image", data: PIXEL, url: new URL("https://x.example/a.png") }), "not both"],
    ["an object", () => ({ type: "image", data: { path: "x" } }), "expected base64, a Buffer"],
  ])("%s is refused before anything is sent", async (_, part, words, keys = "") => {
    const { model, server } = await modelThat("openai", [], keys);
    const error = await failureOf(model.codegen([{ role: "user", content: [part()] }] as Input));
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(words);
    expect(server.requests).toHaveLength(0);
  });

  it("ends when the caller aborts while a Blob is read", async () => {
    const { model, server } = await modelThat();
    const blob = new Blob([PIXEL]);
    const caller = new AbortController();
    blob.arrayBuffer = () => {
      caller.abort();
      return new Promise(() => {});
    };
    for (const way of [
      () => model.codegen(ask({ data: blob }), { signal: caller.signal }),
      () => model.stream(ask({ data: blob }), { signal: caller.signal }).reply,
      () => model.run(ask({ data: blob }), { signal: caller.signal }),
    ])
      expect((await failureOf(way())).code).toBe("aborted");
    expect(server.requests).toHaveLength(0);
  });
});

describe("text from elsewhere opens no file", () => {
  const file = () => pathToFileURL(at("secret.txt")).href;
  it.each<[string, () => unknown]>([
    ["a path as url", () => ({ type: "image", url: at("secret.txt") })],
    ["a file: URL as url", () => ({ type: "image", url: file() })],
    ["a relative path as url", () => ({ type: "file", url: "secret.txt" })],
    ["a path field", () => ({ type: "file", path: at("secret.txt") })],
    ["a local file that was JSON", () => ({ type: "file", data: { path: at("secret.txt") } })],
    ["OpenAI's image_url", () => ({ type: "image_url", image_url: { url: file() } })],
    ["OpenAI's image_url as a URL object", () => ({ type: "image_url", image_url: { url: new URL(file()) } })],
    ["OpenAI's file_data", () => ({ type: "file", file: { file_data: localFile(at("secret.txt")) } })],
  ])("%s", async (_, part) => {
    const { model, server } = await modelThat("openai");
    const error = await failureOf(model.codegen([{ role: "user", content: [part()] }] as Input));
    expect(error.code).toBe("invalid_request");
    expect(server.requests).toHaveLength(0);
  });

  it("nor does a tool result that came as JSON", async () => {
    const fetched = tool({
      name: "fetched",
      execute: () => JSON.parse(`[{"type":"image","data":{"path":"${at("secret.txt")}"}}]`) as unknown,
    });
    const { model, server } = await modelThat("openai", [{ calls: [{ id: "c1", name: "fetched", args: {} }] }]);
    await model.run("Go.", { tools: [fetched] });
    const secret = Buffer.from("hunter2").toString("base64");
    expect(server.requests[1]?.body).not.toMatch(new RegExp(`hunter2|${secret}`));
    expect(server.requests[1]?.body).toContain("expected base64");
  });
});
