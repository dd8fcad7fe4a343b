import { ModelFactory } from "../../src/index.ts";

/** Run as a program: calls every entry of the given models.toml, with and without streaming, and prints the replies. */
const factory = ModelFactory.parse(process.argv[2] ?? "");
const texts: string[] = [];
for (const name of factory.names()) {
  const model = factory.get(name);
  texts.push((await model.codegen("Hello")).text, (await model.stream("Hello").reply).text);
}
await factory.close();
console.log(JSON.stringify(texts));
