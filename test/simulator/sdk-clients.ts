import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterEach } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../src/simulator/server.ts";

/** A simulator and the three stock SDKs pointed at it; closed after the test. */
export interface Bench {
  readonly simulator: Simulator;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly google: GoogleGenAI;
}

const open: Simulator[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

export async function bench(options: SimulatorOptions = {}, apiKey = "test-key"): Promise<Bench> {
  const simulator = await startSimulator(options);
  open.push(simulator);
  return {
    simulator,
    openai: new OpenAI({ apiKey, baseURL: simulator.baseUrl("openai"), maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey, baseURL: simulator.baseUrl("anthropic"), maxRetries: 0, openTelemetry: false }),
    google: new GoogleGenAI({ apiKey, httpOptions: { baseUrl: simulator.baseUrl("google"), apiVersion: "v1beta" } }),
  };
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A 1x1 picture. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const WEATHER_SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
  required: ["city", "unit"],
  additionalProperties: false,
};

export const TIME_SCHEMA = {
  type: "object",
  properties: { zone: { type: "string" } },
  required: ["zone"],
  additionalProperties: false,
};

export const PERSON_SCHEMA = {
  type: "object",
  properties: {
    name: { type: "string" },
    age: { type: "integer", minimum: 18, maximum: 99 },
    tags: { type: "array", items: { type: "string" }, minItems: 1 },
  },
  required: ["name", "age", "tags"],
  additionalProperties: false,
};

export interface Person {
  readonly name: string;
  readonly age: number;
  readonly tags: readonly string[];
}
