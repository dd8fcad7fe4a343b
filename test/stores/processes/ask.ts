// Asks a model once, and prints the text and the number of requests.
import { ModelFactory } from "../../../src/index.ts";

const [toml = "", prompt = ""] = process.argv.slice(2);
const factory = ModelFactory.parse(toml, { env: {} });
const { text, attempts } = await factory.create().codegen(prompt);
console.log(JSON.stringify({ text, requests: attempts.length }));
await factory.close();
