import { inspect } from "node:util";
import { expect } from "vitest";
import type { Message } from "../../src/index.ts";
import type { FaultScript } from "../../src/testing/index.ts";
import { failureOf } from "../harness/outcomes.ts";
import { WIRES } from "../harness/wires.ts";
import { factoryAt, faultTest, modelAt, serving } from "./host.ts";
import { METHODS } from "./run-script.ts";

/** The key of `entry`, in any piece long enough to be used. */
const CANARY = "canary-0123456789";

faultTest("X05", "a 401 that echoes the key shows it nowhere", async () => {
  for (const wire of WIRES)
    for (const method of METHODS) {
      const echo = `Incorrect API key provided: sk-${CANARY}. Find yours at …`;
      const server = await serving({
        attempts: [
          [
            ["status", 401, { "x-echo": `sk-${CANARY}` }],
            ["json", { error: { message: echo, code: "invalid_api_key" } }],
          ],
        ],
      });
      const lines: unknown[] = [];
      const note = (...values: unknown[]) => void lines.push(values);
      const logger = { debug: note, info: note, warn: note, error: note };
      const factory = factoryAt(server.baseUrl(wire), "", { wire, logger });
      const model = factory.get("m");
      const error = await failureOf(method === "stream" ? model.stream("Hello").reply : model.codegen("Hello"));
      expect(error.code).toBe("unauthorized");
      const shown = [error, error.stack, error.cause, lines, factory, model].map((value) =>
        inspect(value, { depth: 9, showHidden: true, customInspect: false }),
      );
      const all = [...shown, JSON.stringify(error), JSON.stringify(model.config), String(error)].join("\n");
      expect(all).not.toContain(CANARY);
    }
});

const redirect = (status: number, location: string): FaultScript => [
  ["status", status, { location, "content-length": "0" }],
  ["fin"],
];

faultTest("X07", "a redirect to another origin is not followed", async () => {
  for (const wire of WIRES)
    for (const status of [301, 302, 303, 307, 308]) {
      const other = await serving({});
      const server = await serving({
        attempts: [redirect(status, `${other.url.replace("127.0.0.1", "localhost")}/v1/x`)],
      });
      const error = await failureOf(modelAt(server, "num_retries = 2", { wire }).codegen("Hello"));
      expect(error.code).toBe("redirect_blocked");
      expect(error.message).toContain(`localhost:${other.port}`);
      expect(server.requests.length).toBe(1);
      expect(other.connections).toBe(0);
    }
});

faultTest("own-X09", "a redirect within the origin keeps method and body; a loop ends", async () => {
  const server = await serving({ attempts: [redirect(307, "/elsewhere"), [["okjson"]]] });
  expect((await modelAt(server).codegen("Hello")).text).toBe("ok");
  const [first, second] = server.requests;
  expect(second?.method).toBe("POST");
  expect(second?.body).toEqual(first?.body);
  const circle = await serving({ attempts: [redirect(307, "/again")] });
  const error = await failureOf(modelAt(circle).codegen("Hello"));
  expect(["redirect_blocked", "protocol_error"]).toContain(error.code);
  expect(circle.requests.length).toBeLessThan(25);
});

faultTest("X10", "the library never fetches an image URL", async () => {
  const inside = await serving({});
  const hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]"];
  const places = [
    ...hosts.map((host) => `http://${host}:${inside.port}/x.png`),
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
  ];
  for (const wire of WIRES)
    for (const url of places) {
      const server = await serving({});
      const message: Message = {
        role: "user",
        content: [
          { type: "text", text: "what is it?" },
          { type: "image", url },
        ],
      };
      await modelAt(server, "", { wire }).safeCodegen([message]);
      expect(JSON.stringify(server.requests[0]?.body ?? "")).not.toContain("root:");
    }
  expect(inside.connections).toBe(0);
});

const HOSTILE = [
  " ",
  "(",
  "tokens ",
  "limit: 0",
  "0.",
  "1h",
  "<",
  "\\",
  '"',
  "{",
  "<think>",
  "input token count ",
  "exceeds ",
];

faultTest("X11", "long hostile texts from a provider are read in linear time", async () => {
  for (const piece of HOSTILE) {
    const text = piece.repeat(Math.ceil(500_000 / piece.length));
    const scripts: FaultScript[] = [
      [
        ["status", 400],
        ["json", { error: { message: text } }],
      ],
      [
        ["status", 429, { "retry-after": text.slice(0, 8_000).trim() || "x" }],
        ["json", { error: { message: text, code: text } }],
      ],
      [["status", 400, { "content-type": "text/plain" }], ["raw", text], ["fin"]],
      [["sse"], ["raw", text], ["end"]],
      [["json", { choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }] }]],
    ];
    for (const script of scripts) {
      const server = await serving({ attempts: [script] });
      const before = process.threadCpuUsage();
      await modelAt(server).safeCodegen("Hello");
      const { user, system } = process.threadCpuUsage(before);
      expect((user + system) / 1_000, `ms of CPU for ${JSON.stringify(piece)} in ${script[0]?.[0]}`).toBeLessThan(
        1_500,
      );
    }
  }
});
