import * as z from "zod";
import { OPTIONS, type OptionKey, shapeOf } from "./options.ts";
import { price } from "./options-money.ts";
import { gatewaySection } from "./schema-gateway.ts";
import { ledgerSection } from "./schema-ledger.ts";
import { budgetSection, rateLimitSection } from "./schema-money.ts";
import { recordSection } from "./schema-record.ts";
import { auditSection, cacheSection, group, loggingSection, telemetrySection } from "./schema-sections.ts";
import { stateSection } from "./schema-state.ts";
import { flag, table, text } from "./schema-values.ts";

/** The keys of a model entry, in the order of the documentation. */
export const entryShape = shapeOf(OPTIONS) as Readonly<Record<OptionKey, z.ZodType>>;

const { name: _name, extends: _extends, ...defaultShape } = entryShape;
const { provider: _provider, ...providerShape } = defaultShape;

const tableName = z.string().min(1, { error: "must not be empty" });

const entry = table(entryShape).meta({
  id: "Model",
  description: "One model: where it is, what it is asked and what happens when it fails.",
});
const defaults = table(defaultShape).meta({
  id: "Defaults",
  description:
    "What every model inherits. Order: [defaults], [providers.*], `extends`, the entry itself; later ones win.",
});
/** The keys that only a provider has. */
export const providerOnly = {
  discover: flag().meta({
    description:
      "Every model that the provider serves can be used as `PROVIDER/MODEL` without an entry. `factory.list()` and `npx modelwright models` request the provider's list of models; nothing else does.",
    default: false,
  }),
} as const;

const provider = table({ ...providerShape, ...providerOnly }).meta({
  id: "Provider",
  description: "What all models of this provider inherit, for example its key.",
});

const shared = {
  default_model: text().meta({
    description: "The entry that `factory.create()` uses without a name. Default: the first entry.",
    examples: ["coder"],
  }),
  defaults,
  providers: z.record(tableName, provider).meta({ description: "Settings shared by all models of a provider." }),
  models: z.record(tableName, entry).meta({ description: "The models a program may use, by the name it uses." }),
  aliases: z.record(tableName, text()).meta({
    description: "Other names of entries and groups, for `factory.create()` and wherever an entry is named.",
    examples: [{ smart: "coder" }],
  }),
  groups: z.record(tableName, group).meta({
    description: "Entries that share the calls of one name; `factory.create()` takes it like that of an entry.",
  }),
  cache: cacheSection,
  logging: loggingSection,
  audit: auditSection,
  telemetry: telemetrySection,
  record: recordSection,
  budgets: z.record(tableName, budgetSection).meta({
    description: "Limits of spending, by name; a call must fit into all that match.",
    examples: [{ team: { usd: 25, period: "month" } }],
  }),
  rate_limits: z.record(tableName, rateLimitSection).meta({
    description: "Limits of requests, tokens and concurrency, by name; a call must fit into all that match.",
    examples: [{ openai: { requests_per_minute: 500, per: ["provider"] } }],
  }),
  state: stateSection,
  ledger: ledgerSection,
  gateway: gatewaySection,
  pricing: z.record(tableName, price).meta({
    description: "Prices by model id, USD per million tokens; they win over the catalog.",
    examples: [{ "my-model": { input: 0.5, output: 1.5 } }],
  }),
} as const;

const profile = table(shared).meta({
  id: "Profile",
  description: "Laid over the file, key by key, when chosen with MODELWRIGHT_PROFILE or `options.profile`.",
});

/** models.toml, in the order of the documentation. Only validates; entry-config.ts converts values. */
export const configSchema = table({
  ...shared,
  include: z.array(text()).meta({
    description:
      "Files that this file overrides, key by key: paths relative to it, or patterns such as `models/*.toml`. Later files override earlier ones.",
    examples: [["team.toml", "models/*.toml"]],
  }),
  profiles: z.record(tableName, profile).meta({ description: "Variants of the file, for example for tests." }),
}).meta({ title: "modelwright models.toml", description: "Which models a program uses and how." });

const perCall = Object.entries(OPTIONS).filter(([, option]) => option.perCall === true || option.setting === true);

/** The keys that calls may set too, spelled as in models.toml. */
export const callSchema = table(shapeOf(Object.fromEntries(perCall)));
