/**
 * Filled by `modelwright types`: the names in a models.toml, each with its capabilities (`true`, `false`, absent if unknown).
 * While it is empty, every name is accepted.
 */
// biome-ignore lint/suspicious/noEmptyInterface: needed for declaration merging
export interface Registered {}

/** A template type, so that compiler errors list the names instead of `keyof Registered`. */
export type NameOf<Models> = keyof Models extends never ? string : `${keyof Models & string}`;

/** The declaration of a name. Without a name it may be any of them, because each profile may have another `default_model`. */
export type CanOf<Models, Name> = Name extends keyof Models ? Models[Name] : unknown;

export type Untyped = Record<never, never>;
