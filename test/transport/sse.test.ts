import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SseMessage } from "../../src/core/transport.ts";
import { looksLikeSse, MAX_EVENT_LENGTH, SseFramer } from "../../src/transport/sse.ts";
import { threadMs } from "../harness/thread-time.ts";

function frame(chunks: Iterable<Buffer>, clean = true): { event: string | undefined; data: string }[] {
  const framer = new SseFramer();
  const out: SseMessage[] = [];
  for (const chunk of chunks) framer.push(chunk, out);
  if (clean) framer.end(out);
  return out.map(({ event, data }) => ({ event, data }));
}

function* pieces(bytes: Buffer, cuts: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...cuts, bytes.length].sort((left, right) => left - right)) {
    if (to > from) yield bytes.subarray(from, to);
    from = Math.max(from, to);
  }
}

const SAMPLE = 'event: delta\ndata: {"t":"né €😀"}\n\n: ping\n\ndata: one\ndata: two\nid: 4\n\ndata:[DONE]\n\n';
const EXPECTED = [
  { event: "delta", data: '{"t":"né €😀"}' },
  { event: undefined, data: "one\ntwo" },
  { event: undefined, data: "[DONE]" },
];

describe("event framing", () => {
  test.each([
    ["LF", "\n"],
    ["CRLF", "\r\n"],
    ["CR", "\r"],
  ])("yields the same events with %s, with a byte order mark, split at every byte", (_name, eol) => {
    for (const mark of ["", "\uFEFF"]) {
      const bytes = Buffer.from(mark + SAMPLE.replaceAll("\n", eol));
      for (let at = 0; at <= bytes.length; at++) expect(frame(pieces(bytes, [at]))).toEqual(EXPECTED);
      expect(frame([...bytes].map((byte) => Buffer.from([byte])))).toEqual(EXPECTED);
    }
  });

  test("does not depend on chunk boundaries", () => {
    const line = fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, " ").toWellFormed());
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1 }),
        fc.array(fc.nat(400)),
        fc.constantFrom("\n", "\r\n"),
        (texts, cuts, eol) => {
          const bytes = Buffer.from(texts.map((text) => `data: ${text}${eol}${eol}`).join(""));
          expect(frame(pieces(bytes, cuts)).map(({ data }) => data)).toEqual(texts);
        },
      ),
    );
  });

  test("yields a bare object between events, on any lines and in any chunks", () => {
    const bare = '{\n  "error": {\n    "message": "a \\"b\\" } {",\n    "code": 503\n  }\n}';
    for (const [eol, text] of [
      ["\n", `data: one\n\n${bare}`],
      ["\r\n", `data: one\r\n\r\n${bare}\r\ndata: two\r\n\r\n`],
      ["\r", `data: one\r\r${bare}\rdata: two\r\r`],
    ] as const) {
      const bytes = Buffer.from(text);
      const expected = ["one", bare, ...(eol === "\n" ? [] : ["two"])];
      for (let at = 0; at <= bytes.length; at++)
        expect(frame(pieces(bytes, [at])).map(({ data }) => data)).toEqual(expected);
      expect(frame([...bytes].map((byte) => Buffer.from([byte]))).map(({ data }) => data)).toEqual(expected);
    }
  });

  test("ignores a partial bare object at the end, and rejects an endless one", () => {
    expect(frame([Buffer.from('data: one\n\n{"error": {')])).toEqual([{ event: undefined, data: "one" }]);
    const endless = [Buffer.from(`{"a": "${"x".repeat(100_000)}\ndata: two\n\n`)];
    const nested = [Buffer.from("{"), Buffer.alloc(70_000, "["), Buffer.from("\ndata: two\n\n")];
    for (const body of [endless, nested])
      expect(() => frame(body)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  test.each([
    ["a NUL", "\0"],
    ["a byte order mark", "\uFEFF"],
    ["several of both", "\0\uFEFF\0\0"],
  ])("reads the field after %s at the start of a line, split at every byte", (_name, mark) => {
    for (const eol of ["\n", "\r\n", "\r"]) {
      const lines = ["data: one", "", "event: e", "data: {}", "", "data: {}", ""];
      const bytes = Buffer.from(lines.map((line) => mark + line + eol).join(""));
      const expected = [
        { event: undefined, data: "one" },
        { event: "e", data: "{}" },
        { event: undefined, data: "{}" },
      ];
      for (let at = 0; at <= bytes.length; at++) expect(frame(pieces(bytes, [at]))).toEqual(expected);
    }
  });

  test("leaves NULs and byte order marks inside a line as they are", () => {
    expect(frame([Buffer.from("data: \0a\uFEFF\n\n")])).toEqual([{ event: undefined, data: "\0a\uFEFF" }]);
  });

  test.each([
    'dat: {"text":"lost"}',
    'da\0ta: {"text":"lost"}',
    'ata: {"text":"lost"}',
    'data {"text":"lost"}',
    'Data: {"text":"lost"}',
    ' {"text":"lost"}',
    '[{"text":"lost"}]',
    'x{"text":"lost"}',
    '{"error":1}{"text":"lost"}',
    '{"error":1}data: {"text":"lost"}',
    '{"error":1}meta: {"text":"lost"}',
    'dat a: {"text":"lost"}',
    'xdata: {"text":"lost"}',
    'DATA: {"text":"lost"}',
    'datas: {"text":"lost"}',
    'dta: {"text":"lost"}',
    'dara: {"text":"lost"}',
    'ta: {"text":"lost"}',
    'd: {"text":"lost"}',
    'pingdata: {"text":"lost"}',
    'da\uFEFFta: {"text":"lost"}',
    'dàta: {"text":"lost"}',
    'meta {"text":"lost"}',
    'a.b: {"text":"lost"}',
    `${"x".repeat(64)}: {"text":"lost"}`,
  ])("rejects the line %j, split at every byte, after earlier events", (line) => {
    const bytes = Buffer.from(`data: one\n\n${line}\n\ndata: two\n\n`);
    for (let at = 0; at <= bytes.length; at++) {
      const framer = new SseFramer();
      const out: SseMessage[] = [];
      const read = () => {
        for (const piece of pieces(bytes, [at])) framer.push(piece, out);
      };
      expect(read).toThrow(expect.objectContaining({ code: "protocol_error" }));
      expect(out.map(({ data }) => data)).toEqual(line.startsWith("{") ? ["one", '{"error":1}'] : ["one"]);
    }
  });

  test.each(["meta", "x-trace", "usage", "Event", "x_1", "9", "detail", "x".repeat(63)])(
    "ignores the unknown field %s with an object, split at every byte: the standard says so, and it is no damaged data field",
    (name) => {
      const bytes = Buffer.from(`data: one\n\n${name}: {"a":1}\ndata: two\n${name}:{"a":1}\n\n`);
      const expected = ["one", "two"];
      for (let at = 0; at <= bytes.length; at++)
        expect(frame(pieces(bytes, [at])).map(({ data }) => data)).toEqual(expected);
      expect(frame([...bytes].map((byte) => Buffer.from([byte]))).map(({ data }) => data)).toEqual(expected);
    },
  );

  test("ignores unknown fields, comments and other lines without an object", () => {
    const body = ': {"comment":1}\nx-trace: 7\nping\nda\nid: {1}\nretry: {2}\ndata: one\n\n';
    expect(frame([Buffer.from(body)])).toEqual([{ event: undefined, data: "one" }]);
  });

  test("keeps an empty data line and ignores events without data", () => {
    expect(frame([Buffer.from("data:\n\nevent: ping\n\ndata: x\n\n")])).toEqual([
      { event: undefined, data: "" },
      { event: undefined, data: "x" },
    ]);
  });

  test("delivers a last event without its blank line when the body ended cleanly", () => {
    for (const end of ["", "\n", "\r", "\r\n"]) {
      const bytes = [Buffer.from(`event: e\ndata: {"last":1}${end}`)];
      expect(frame(bytes)).toEqual([{ event: "e", data: '{"last":1}' }]);
      expect(frame(bytes, false)).toEqual([]);
    }
  });

  test("marks an event without its blank line, which may be incomplete", () => {
    const framer = new SseFramer();
    const out: SseMessage[] = [];
    framer.push(Buffer.from('data: {"first":1}\n\ndata: {"la'), out);
    framer.end(out);
    expect(out.map(({ data, unended }) => [data, unended === true])).toEqual([
      ['{"first":1}', false],
      ['{"la', true],
    ]);
  });

  test("an event of 8 MB in reads of 16 KB costs less than 0.3 s of CPU", () => {
    const bytes = Buffer.from(`data: {"text":"${"é".repeat(4 * 1024 * 1024)}"}\n\n`);
    const cuts = Array.from({ length: Math.floor(bytes.length / 16_384) }, (_, index) => (index + 1) * 16_384);
    const startMs = threadMs();
    const [message] = frame(pieces(bytes, cuts));
    const spentMs = threadMs() - startMs;
    expect(message?.data.length).toBe(4 * 1024 * 1024 + 11);
    expect(spentMs).toBeLessThan(300);
  });

  test("rejects a body full of other lines before they take seconds", () => {
    const bytes = Buffer.alloc(1_000_000, "x\n");
    const before = process.threadCpuUsage();
    expect(() => frame(pieces(bytes, [16_384]))).toThrow(expect.objectContaining({ code: "protocol_error" }));
    const spent = process.threadCpuUsage(before);
    expect((spent.user + spent.system) / 1e6).toBeLessThan(0.5);
    expect(frame([Buffer.from(`${"x\n".repeat(9_000)}\ndata: y\n\n`)])).toEqual([{ event: undefined, data: "y" }]);
  });

  test("rejects an event longer than 16 MiB", () => {
    const piece = Buffer.alloc(1024 * 1024, "x");
    const framer = new SseFramer();
    framer.push(Buffer.from("data: "), []);
    const feed = () => {
      for (let sent = 0; sent <= MAX_EVENT_LENGTH; sent += piece.length) framer.push(piece, []);
    };
    expect(feed).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });
});

test.each([
  ["data: x", true],
  [": ping", true],
  ["\uFEFF\n event: x", true],
  ["\0\uFEFFdata: x", true],
  ["da", undefined],
  ["", undefined],
  ["<html>", false],
  ['{"error":1}', false],
])("a body that starts with %j looks like an event stream: %j", (start, verdict) => {
  expect(looksLikeSse(start)).toBe(verdict);
});
