import { admissions } from "./admissions.ts";
import { answers } from "./answers.ts";
import { caching } from "./caching.ts";
import { chains } from "./chains.ts";
import { content } from "./content.ts";
import { counters } from "./counters.ts";
import { decoders } from "./decoders.ts";
import { embeddings } from "./embeddings.ts";
import { errors } from "./errors.ts";
import { gateways } from "./gateways.ts";
import { ledgers } from "./ledgers.ts";
import { limits } from "./limits.ts";
import { money } from "./money.ts";
import type { Mutant } from "./mutant.ts";
import { retries } from "./retries.ts";
import { runs } from "./runs.ts";
import { services } from "./services.ts";
import { texts } from "./texts.ts";
import { wire } from "./wire.ts";

export const ALL_MUTANTS: readonly Mutant[] = [
  ...retries,
  ...limits,
  ...chains,
  ...answers,
  ...wire,
  ...decoders,
  ...money,
  ...errors,
  ...content,
  ...counters,
  ...caching,
  ...ledgers,
  ...admissions,
  ...services,
  ...runs,
  ...embeddings,
  ...texts,
  ...gateways,
];
