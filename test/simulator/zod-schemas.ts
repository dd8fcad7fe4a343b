import fc from "fast-check";
import { z } from "zod";

/** Random zod schemas, each of which has a value. */
type AnyZod = z.ZodType;

const span = fc.tuple(fc.integer({ min: -500, max: 500 }), fc.nat({ max: 400 }));

const numbers: fc.Arbitrary<AnyZod> = fc.oneof(
  fc.constant(z.number()),
  fc.constant(z.int()),
  fc.constant(z.float32()),
  fc.constant(z.int().min(Number.MAX_SAFE_INTEGER - 1)),
  span.map(([low, more]) =>
    z
      .number()
      .min(low)
      .max(low + more),
  ),
  span.map(([low, more]) =>
    z
      .int()
      .gt(low)
      .lt(low + more + 2),
  ),
  span.map(([low]) =>
    z
      .number()
      .gt(low)
      .lt(low + 0.01),
  ),
  span.map(([low]) =>
    z
      .number()
      .negative()
      .min(-Math.abs(low) - 1),
  ),
  fc.tuple(span, fc.integer({ min: 1, max: 12 })).map(([[low, more], step]) =>
    z
      .int()
      .min(low)
      .max(low + more + step)
      .multipleOf(step),
  ),
  fc.constantFrom(0.1, 0.25, 0.01).map((step) => z.number().min(1).max(50).multipleOf(step)),
);

const FORMATS: readonly AnyZod[] = [
  ...[z.email(), z.url(), z.uuid(), z.guid(), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.base64(), z.base64url()],
  ...[z.iso.date(), z.iso.datetime(), z.iso.time(), z.iso.duration(), z.iso.datetime({ offset: true, precision: 3 })],
  ...[z.nanoid(), z.cuid2(), z.ulid(), z.xid(), z.ksuid(), z.e164(), z.emoji(), z.jwt(), z.hostname(), z.uuidv4()],
  ...[z.email().min(40), z.email().max(9), z.url().min(60), z.iso.datetime().min(24), z.ipv4().max(8), z.uuidv7()],
];

const PATTERNS: readonly RegExp[] = [
  ...[/^[A-Z]{3}$/, /^\d{4}-\d{2}$/, /^(foo|bar)+$/, /^#?[0-9a-f]{6}$/, /[a-z]{2,5}\.[a-z]+/, /^\w+@\w+$/],
  ...[/^(?!admin)[a-z]{3,9}$/, /^(?=.*[A-Z])(?=.*\d).{8,}$/, /^\p{Lu}\p{Ll}+$/u, /^(\w)\1$/, /^(?<q>['"])x\k<q>$/],
  ...[/^\u00e9+$/, /^[^A-Za-z0-9]+$/, /^v\d+\.\d+\.\d+(?:-[0-9a-z.]+)?$/, /^\S+\s\S+$/, /^[\w-]+\/[\w-]+$/, /^.{3}$/],
];

const strings: fc.Arbitrary<AnyZod> = fc.oneof(
  fc.constant(z.string()),
  fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })).map(([least, more]) =>
    z
      .string()
      .min(least)
      .max(least + more),
  ),
  fc.constantFrom(...FORMATS),
  fc.constantFrom(...PATTERNS).map((pattern) => z.string().regex(pattern)),
  fc.nat({ max: 30 }).map((least) =>
    z
      .string()
      .regex(/^[a-z]+(-[a-z]+)*$/)
      .min(least),
  ),
  fc.constantFrom(z.string().startsWith("ab").endsWith("yz"), z.string().includes("mid").max(12).startsWith("x")),
  fc.constant(z.string().lowercase().min(3)),
  fc.constant(z.templateLiteral(["id-", z.int()])),
);

const leaf: fc.Arbitrary<AnyZod> = fc.oneof(
  { weight: 3, arbitrary: numbers },
  { weight: 4, arbitrary: strings },
  fc.constantFrom<AnyZod>(z.boolean(), z.null(), z.enum(["red", "green"]), z.literal(7), z.literal(["a", 1, true])),
);

const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 4 });
const KEYS = [z.string(), z.string().regex(/^k_\d$/), z.string().min(12), z.uuid()];

const { schema } = fc.letrec<{ schema: AnyZod; table: z.ZodObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    tie("table"),
    fc.tuple(tie("schema"), fc.nat({ max: 3 }), fc.nat({ max: 3 })).map(([item, least, more]) =>
      z
        .array(item)
        .min(least)
        .max(least + more),
    ),
    fc.tuple(tie("schema"), tie("schema")).map((items) => z.tuple(items)),
    fc.tuple(tie("schema"), tie("schema")).map(([first, rest]) => z.tuple([first], rest)),
    fc.tuple(tie("schema"), tie("schema")).map((options) => z.union(options)),
    fc
      .tuple(tie("table"), tie("table"))
      .map(([left, right]) =>
        z.discriminatedUnion("kind", [
          left.extend({ kind: z.literal("left") }),
          right.extend({ kind: z.literal("right") }),
        ]),
      ),
    fc.tuple(words, tie("schema")).map(([keys, value]) => z.record(z.enum(keys), value)),
    fc.tuple(fc.constantFrom(...KEYS), tie("schema")).map(([key, value]) => z.record(key as z.ZodString, value)),
    fc.tuple(words, tie("schema")).map(([keys, value]) => z.partialRecord(z.enum(keys), value)),
    tie("schema").map((inner) => z.nullable(inner)),
    tie("schema").map(recursive),
  ),
  table: fc
    .tuple(words, fc.array(fc.tuple(tie("schema"), fc.boolean()), { minLength: 4, maxLength: 4 }))
    .map(([names, members]) =>
      z.object(
        Object.fromEntries(
          names.map((name, index) => {
            const [inner = z.string(), isOptional = false] = members[index] ?? [];
            return [name, isOptional ? z.optional(inner) : inner];
          }),
        ),
      ),
    ) as fc.Arbitrary<z.ZodObject>,
}));

/** Trees by a getter: through an array, a nullable, an optional and a choice. */
function recursive(inner: AnyZod): AnyZod {
  const node: z.ZodObject = z.object({
    inner,
    get children() {
      return z.array(node);
    },
    get parent() {
      return z.nullable(node);
    },
    get either() {
      return z.union([node, z.string()]);
    },
    get next() {
      return z.optional(node);
    },
  });
  return node;
}

export { schema as zodSchema };
