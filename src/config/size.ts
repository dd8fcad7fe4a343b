const UNIT_BYTES = {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
};

/** A size written as a string: digits, an optional fraction and a unit. */
export const SIZE_PATTERN = /^\d{1,15}(?:\.\d{1,6})?(?:B|KiB|MiB|GiB|KB|MB|GB)$/;

/** Converts a valid size of models.toml to bytes: a number is bytes, a string has its unit. */
export function sizeBytes(value: number | string): number {
  if (typeof value === "number") return value;
  const unit = value.replace(/^[\d.]+/, "") as keyof typeof UNIT_BYTES;
  return Math.floor(Number.parseFloat(value) * UNIT_BYTES[unit]);
}
