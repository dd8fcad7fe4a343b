import type { Config, EntryConfig } from "../config/load.ts";
import { readSmallFile, UnreadableFile } from "../config/small-file.ts";
import { ConfigError } from "../core/config-error.ts";
import { nodeCrypto } from "../core/node-crypto.ts";
import type { TlsOptions } from "../core/transport.ts";

/** @throws ConfigError for an invalid certificate file. */
export function tlsOf(tls: EntryConfig["tls"], config: Config): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const { caFile, rejectUnauthorized } = tls;
  return {
    ...(caFile !== undefined && { ca: readCa(caFile, config) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function readCa(file: string, config: Config): string {
  try {
    const text = readSmallFile(file);
    new (nodeCrypto().X509Certificate)(text);
    return text;
  } catch (cause) {
    const why = cause instanceof UnreadableFile ? cause.message : "contains no PEM certificate";
    const message = `the certificate file ${file} ${why}`;
    throw new ConfigError([{ file: config.file, line: 0, column: 0, path: "tls.ca_file", message }], { cause });
  }
}
