import { isIP } from "node:net";
import { own } from "../core/own.ts";

interface Format {
  readonly is: (text: string) => boolean;
  /** A text of this format with at least `least` characters, if the format allows it. */
  readonly make: (digit: number, least: number) => string;
  /** A shorter one. */
  readonly short?: string;
}

const JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzaW11bGF0ZWQifQ.c2lnbmF0dXJl";
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d+)?)?(?:z|[+-][0-2]\d:?[0-5]\d)?$/i;
const DURATION = /^P(?:\d+W|(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/;
const HOSTNAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const BASE64URL = /^[\w-]*$/;

const email: Format = {
  is: (text) => EMAIL.test(text),
  make: (digit, least) => padded(`simulated${digit}`, "@example.com", least),
  short: "a@b.co",
};
const hostname: Format = {
  is: (text) => HOSTNAME.test(text),
  make: (digit, least) =>
    `${`${"simulated".repeat(6)}.`.repeat(Math.max(0, Math.ceil((least - 22) / 55)))}simulated${digit}.example.com`,
  short: "a.co",
};
const uri: Format = {
  is: (text) => URL.canParse(text) && !/\s/.test(text),
  make: (digit, least) => padded("https://example.com/simulated/", `${digit}`, least),
  short: "http://a.co",
};
const path: Format = {
  is: (text) => !/\s/.test(text),
  make: (digit, least) => padded("/simulated/", `${digit}`, least),
  short: "/a",
};
const uuid: Format = {
  is: (text) => UUID.test(text),
  make: (digit) => `0000000${digit}-0000-4000-8000-000000000000`,
};
const base64: Format = {
  is: (text) => BASE64.test(text),
  make: (_, least) => "c2ltdWxhdGVk".padEnd(Math.ceil(least / 4) * 4, "c2lt"),
  short: "YWJj",
};

const FORMATS: Readonly<Record<string, Format>> = {
  date: { is: (text) => DATE.test(text), make: (digit) => `2026-0${digit}-1${digit}` },
  time: {
    is: (text) => TIME.test(text),
    make: (digit, least) => fraction(`1${digit}:00:00`, least),
    short: "10:00",
  },
  "date-time": {
    is: (text) => DATE.test(text.slice(0, 10)) && /[t ]/i.test(text[10] ?? "") && TIME.test(text.slice(11)),
    make: (digit, least) => fraction(`2026-0${digit}-1${digit}T12:00:00`, least),
  },
  duration: {
    is: (text) => DURATION.test(text),
    make: (digit, least) => `PT${digit}${"0".repeat(Math.max(0, least - 4))}M`,
    short: "P1D",
  },
  email,
  "idn-email": email,
  hostname,
  "idn-hostname": hostname,
  ipv4: {
    is: (text) => isIP(text) === 4,
    make: (digit, least) =>
      `${least > 13 ? "203.113.113" : least > 9 ? "192.0.112" : "192.0.2"}.${least > 9 ? 110 + digit : digit}`,
    short: "1.1.1.1",
  },
  ipv6: {
    is: (text) => isIP(text) === 6,
    make: (digit, least) => (least > 11 ? `2001:0db8:0000:0000:0000:0000:0000:000${digit}` : `2001:db8::${digit}`),
    short: "::1",
  },
  cidrv4: { is: (text) => isBlock(text, 4), make: (digit) => `192.0.2.0/2${digit % 5}`, short: "1.0.0.0/8" },
  cidrv6: { is: (text) => isBlock(text, 6), make: (digit) => `2001:db8::/3${digit}`, short: "::/0" },
  uri,
  url: uri,
  iri: uri,
  "uri-reference": path,
  "iri-reference": path,
  "json-pointer": path,
  regex: { is: () => true, make: () => "^simulated$", short: "a" },
  uuid,
  guid: uuid,
  byte: base64,
  base64,
  base64url: {
    is: (text) => BASE64URL.test(text),
    make: (_, least) => "c2ltdWxhdGVk".padEnd(Math.ceil(least / 4) * 4, "c2lt"),
    short: "YWJj",
  },
  emoji: { is: (text) => /\p{Extended_Pictographic}/u.test(text), make: (_, least) => "🙂".repeat(Math.max(1, least)) },
  jwt: { is: (text) => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text), make: () => JWT },
};

function isBlock(text: string, version: number): boolean {
  const [address = "", bits = ""] = text.split("/");
  return isIP(address) === version && /^\d+$/.test(bits);
}

function padded(head: string, tail: string, least: number): string {
  return head.padEnd(least - tail.length, "a") + tail;
}

function fraction(time: string, least: number): string {
  const digits = least - time.length - 2;
  return `${time}${digits > 0 ? `.${"0".repeat(digits)}` : ""}Z`;
}

/** Strings of a format; none for an unknown format. */
export function formatTexts(format: string, digit: number, least: number): readonly string[] {
  const known = own(FORMATS, format);
  return known === undefined ? [] : [known.make(digit, least), ...(known.short === undefined ? [] : [known.short])];
}

/** Unknown formats accept any text. */
export function hasFormat(text: string, format: string): boolean {
  return own(FORMATS, format)?.is(text) ?? true;
}
