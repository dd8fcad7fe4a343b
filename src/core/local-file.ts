import { fileURLToPath } from "node:url";
import { ModelError } from "./error.ts";

/** A file of this machine, as `data` of an image, a file or audio. It is read when a call starts. Made by `localFile`. */
export class LocalFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/**
 * A file of this machine for `data` of an image, a file or audio; a relative path is relative to the working directory. A call
 * reads it before anything is sent. Only code can name a file: no string or JSON in a message opens one.
 * @throws ModelError `invalid_request` for a path that cannot be one.
 * @example
 * import { localFile, ModelFactory } from "modelwright";
 *
 * const model = (await ModelFactory.load()).create();
 * const photo = { type: "image", data: localFile("docs/photo.png") } as const;
 * const call = () => model.codegen([{ role: "user", content: [{ type: "text", text: "What is this?" }, photo] }]);
 */
export function localFile(path: string | URL): LocalFile {
  return Object.freeze(new LocalFile(path instanceof URL ? pathOf(path) : checked(path)));
}

function checked(path: unknown): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw new ModelError({ code: "invalid_request", message: "localFile: expected a path or a file: URL" });
}

function pathOf(url: URL): string {
  try {
    return checked(fileURLToPath(url));
  } catch (cause) {
    const message = `localFile: expected a file: URL of this machine, got ${url.protocol}`;
    throw new ModelError({ code: "invalid_request", message, cause });
  }
}
