/** The media type of a file: by its first bytes, otherwise by the extension of its name. */
export function mediaTypeOf(bytes: Uint8Array, name: string | undefined): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAGIC_BYTES)).toString("hex");
  const known = MAGIC.find(([pattern]) => pattern.test(start));
  return known === undefined ? typeOfName(name) : known[1];
}

function typeOfName(name: string | undefined): string | undefined {
  const extension = /\.([a-z0-9]{1,8})$/i.exec(name ?? "")?.[1]?.toLowerCase();
  return extension === undefined ? undefined : BY_EXTENSION.get(extension);
}

export const MAGIC_BYTES = 16;

/** The first bytes in hexadecimal. */
const MAGIC: readonly (readonly [RegExp, string])[] = [
  [/^89504e470d0a1a0a/, "image/png"],
  [/^ffd8ff/, "image/jpeg"],
  [/^474946383[79]61/, "image/gif"],
  [/^52494646.{8}57454250/, "image/webp"],
  [/^424d.{8}00000000/, "image/bmp"],
  [/^(?:49492a00|4d4d002a)/, "image/tiff"],
  // The brands of the ISO format: "avif", "heic" and their variants.
  [/^.{8}66747970617669(?:66|73)/, "image/avif"],
  [/^.{8}66747970(?:686569(?:63|73|78)|686576(?:63|78)|6d696631)/, "image/heic"],
  [/^255044462d/, "application/pdf"],
  [/^52494646.{8}57415645/, "audio/wav"],
  [/^(?:494433|fff[32b])/, "audio/mpeg"],
  [/^fff[19]/, "audio/aac"],
  [/^664c6143/, "audio/flac"],
  [/^4f676753/, "audio/ogg"],
  [/^.{8}667479704d3441/, "audio/mp4"],
  [/^.{8}66747970/, "video/mp4"],
  [/^1a45dfa3/, "video/webm"],
];

const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg jpeg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/bmp": "bmp",
  "image/tiff": "tif tiff",
  "image/avif": "avif",
  "image/heic": "heic heif",
  "image/svg+xml": "svg",
  "application/pdf": "pdf",
  "application/json": "json",
  "application/xml": "xml",
  "application/msword": "doc",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "text/plain": "txt log toml yaml yml js mjs cjs ts tsx jsx py rb rs go java kt c h cpp hpp cs php sh sql swift",
  "text/markdown": "md",
  "text/csv": "csv",
  "text/html": "html htm",
  "text/css": "css",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "audio/aac": "aac",
  "audio/flac": "flac",
  "audio/ogg": "ogg oga opus",
  "audio/mp4": "m4a",
  "video/mp4": "mp4",
  "video/webm": "webm",
};

const BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries(EXTENSIONS).flatMap(([type, names]) => names.split(" ").map((name) => [name, type] as const)),
);
