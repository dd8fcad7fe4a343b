import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { WIRES, type Wire } from "../harness/wires.ts";
import { ERROR_SHAPE, PATHS } from "./raw-client.ts";
import { world } from "./world.ts";

const BODIES: Readonly<Record<Wire, object>> = {
  openai: { model: "openai", messages: [{ role: "user", content: "Hello" }] },
  "openai-responses": { model: "openai", input: "Hello" },
  anthropic: { model: "openai", max_tokens: 99, messages: [{ role: "user", content: "Hello" }] },
  google: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
};

const jsonOf = (wire: Wire, more: object = {}) => Buffer.from(JSON.stringify({ ...BODIES[wire], ...more }));
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const ZEROS = Buffer.alloc(8 * 1024 * 1024, " ");
const CODINGS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

type Sent = readonly [body: string | Buffer, headers?: Readonly<Record<string, string>>];
type Row = readonly [what: string, status: number, sent: (wire: Wire) => Sent];

const encoded = (coding: keyof typeof CODINGS, bytes: Buffer): Sent => [
  CODINGS[coding](bytes) as Buffer,
  { "content-encoding": coding },
];

const ROWS: readonly Row[] = [
  [
    "invalid UTF-8",
    400,
    () => [Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
  ],
  ["UTF-16", 400, (wire) => [Buffer.from(`\ufeff${jsonOf(wire)}`, "utf16le")]],
  ["a byte order mark", 200, (wire) => [Buffer.concat([BOM, jsonOf(wire)])]],
  ["a compressed byte order mark", 200, (wire) => encoded("gzip", Buffer.concat([BOM, jsonOf(wire)]))],
  ["nothing", 400, () => [""]],
  ["null", 400, () => ["null"]],
  ["a number", 400, () => ["1e999"]],
  ["two objects", 400, () => ["{}{}"]],
  ["a list", 400, () => ["[]"]],
  ["100,000 nested objects", 400, () => [`{"messages":${deep('{"a":', "}", 100_000).replace("::", ":1:")}}`]],
  ["100,000 nested lists", 400, () => [`{"messages":${deep("[", "]", 100_000)}}`]],
  ["NaN", 400, (wire) => [`${jsonOf(wire).toString().slice(0, -1)},"temperature":NaN}`]],
  ["a form", 415, () => ["model=openai&messages=x", { "content-type": "application/x-www-form-urlencoded" }]],
  [
    "a multipart form",
    415,
    () => [
      '--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nopenai\r\n--x--',
      { "content-type": "multipart/form-data; boundary=x" },
    ],
  ],
  ["XML", 415, () => ["<model/>", { "content-type": "application/xml" }]],
  ["JSON of another type", 200, (wire) => [jsonOf(wire), { "content-type": "application/x-www-form-urlencoded" }]],
  ["an unknown encoding", 415, (wire) => [jsonOf(wire), { "content-encoding": "compress" }]],
  ["two encodings", 415, (wire) => [jsonOf(wire), { "content-encoding": "gzip, gzip" }]],
  ["the name of a prototype as its encoding", 415, (wire) => [jsonOf(wire), { "content-encoding": "constructor" }]],
  ...(Object.keys(CODINGS) as (keyof typeof CODINGS)[]).flatMap((coding): Row[] => [
    [coding, 200, (wire) => encoded(coding, jsonOf(wire))],
    [`a bomb in ${coding}`, 413, () => encoded(coding, ZEROS)],
    [`broken ${coding}`, 400, (wire) => [jsonOf(wire), { "content-encoding": coding }]],
    [
      `${coding} that breaks off`,
      400,
      (wire) => [(CODINGS[coding](jsonOf(wire)) as Buffer).subarray(0, -8), { "content-encoding": coding }],
    ],
  ]),
];

describe("a body", () => {
  it.each(ROWS)("with %s gets status %i in every wire", async (_, status, sent) => {
    const { url, simulator } = await world({ toml: '[gateway]\nmax_body = "1MiB"\n' });
    for (const wire of WIRES) {
      const [body, headers = {}] = sent(wire);
      const init = { method: "POST", body, headers: { "content-type": "application/json", ...headers } };
      const response = await fetch(url + PATHS[wire], init as RequestInit);
      const json = await response.json();
      expect(response.status, JSON.stringify(json)).toBe(status);
      if (status !== 200) expect(json, wire).toMatchObject(ERROR_SHAPE[wire]);
    }
    expect(simulator.requests).toHaveLength(status === 200 ? WIRES.length : 0);
  });

  it("with names of prototypes changes no prototype", async () => {
    const { url } = await world();
    const evil = '"__proto__":{"polluted":1,"toString":1},"constructor":{"prototype":{"polluted":1}}';
    for (const wire of WIRES) {
      const plain = jsonOf(wire, { metadata: {}, tools: [] }).toString();
      const body = plain.replaceAll("{", `{${evil},`).replaceAll(",}", "}");
      const response = await fetch(url + PATHS[wire], { method: "POST", body });
      expect([200, 400], `${wire}: ${await response.text()}`).toContain(response.status);
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    }
  });

  it.each(["1e400", "-1e400", "1e308", "9007199254740993", "-1", "0.5", "5e-324"])(
    "with the number %s as a limit is served or refused, never a failure",
    async (number) => {
      const { url } = await world();
      const fields: Readonly<Record<Wire, readonly string[]>> = {
        openai: ["max_tokens", "n", "seed", "temperature", "top_logprobs"],
        "openai-responses": ["max_output_tokens", "temperature", "top_logprobs"],
        anthropic: ["max_tokens", "temperature", "top_k"],
        google: ["generationConfig.maxOutputTokens", "generationConfig.candidateCount", "generationConfig.seed"],
      };
      for (const wire of WIRES)
        for (const field of fields[wire]) {
          const [outer = "", inner] = field.split(".");
          const more = inner === undefined ? { [outer]: "NUMBER" } : { [outer]: { [inner]: "NUMBER" } };
          const body = jsonOf(wire, more).toString().replace('"NUMBER"', number);
          const response = await fetch(url + PATHS[wire], { method: "POST", body });
          const json = await response.json();
          expect([200, 400], `${wire} ${field}: ${JSON.stringify(json)}`).toContain(response.status);
          if (response.status === 400) expect(json).toMatchObject(ERROR_SHAPE[wire]);
        }
    },
  );
});
