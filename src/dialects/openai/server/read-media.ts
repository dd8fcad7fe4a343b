import { readDataUrl } from "../../../core/data-url.ts";
import type { FilePart, ImagePart } from "../../../core/message.ts";
import type { Fields } from "../../served/fields.ts";

/** An image from a URL or a data URL. */
export function readImage(url: string): ImagePart {
  const inline = readDataUrl(url);
  return inline === undefined ? { type: "image", url } : { type: "image", ...inlineOf(inline) };
}

export function readDetail(source: Fields | undefined): Pick<ImagePart, "detail"> {
  const detail = source?.oneOf("detail", ["auto", "low", "high"]);
  return detail === undefined ? {} : { detail };
}

/** A file from data or a URL. File ids are rejected, because only the provider that stores a file can read it. */
export function readFile(file: Fields): FilePart {
  const filename = file.string("filename");
  const named = filename === undefined ? {} : { filename };
  const url = file.string("file_url");
  if (url !== undefined) return { type: "file", url, ...named };
  const data = file.string("file_data") ?? file.refuse("only files sent as data or by URL are supported");
  const inline = readDataUrl(data) ?? { data, mediaType: "application/pdf" };
  return { type: "file", ...inlineOf(inline), ...named };
}

function inlineOf({ data, mediaType }: { readonly data: string; readonly mediaType: string }) {
  return { data, ...(mediaType !== "" && { mediaType }) };
}
