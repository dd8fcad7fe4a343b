import { join } from "node:path";
import ts from "typescript";
import { parseConfig } from "../../src/config/load.ts";
import { registeredTypes } from "../../src/target/registered-types.ts";

const ROOT = join(import.meta.dirname, "../..");
/** In the repository, so that packages are found; nothing is written there. */
const FOLDER = join(ROOT, "test/typed-names/nowhere");

const OPTIONS: ts.CompilerOptions = {
  ...{ target: ts.ScriptTarget.ES2023, lib: ["lib.es2024.d.ts", "lib.esnext.disposable.d.ts"], types: ["node"] },
  ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, declaration: true },
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true },
  ...{ allowImportingTsExtensions: true, paths: { modelwright: [join(ROOT, "src/index.ts")] } },
  typeRoots: [join(ROOT, "node_modules/@types")],
};

/** Programs beside the generated types, as an editor sees them. */
export interface TypedProject {
  /** Messages about a program, the first line of each. */
  messages(program: string): readonly string[];
  /** What an editor shows at the end of `before`, a part of the program. */
  hover(program: string, before: string): string;
  completions(program: string, before: string): readonly string[];
}

export function typedProject(toml: string, programs: readonly string[]): TypedProject {
  const texts = new Map([
    [join(FOLDER, "modelwright.d.ts"), typesOf(toml)],
    ...programs.map((text, index) => [fileOf(index), text] as const),
  ]);
  const service = serviceFor(texts);
  const placed = (program: string, before = "") => {
    const at = program.indexOf(before);
    if (at < 0 || !programs.includes(program)) throw new Error(`no program has ${before}`);
    return [fileOf(programs.indexOf(program)), at + before.length] as const;
  };
  return {
    messages(program) {
      const [file] = placed(program);
      const found = [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)];
      return found.map(({ messageText: text }) => (typeof text === "string" ? text : text.messageText));
    },
    hover: (program, before) =>
      ts.displayPartsToString(service.getQuickInfoAtPosition(...placed(program, before))?.displayParts),
    completions: (program, before) =>
      service.getCompletionsAtPosition(...placed(program, before), undefined)?.entries.map(({ name }) => name) ?? [],
  };
}

const fileOf = (index: number) => join(FOLDER, `program-${index}.ts`);

function serviceFor(texts: ReadonlyMap<string, string>): ts.LanguageService {
  const read = (file: string) => texts.get(file) ?? ts.sys.readFile(file);
  return ts.createLanguageService({
    getCompilationSettings: () => OPTIONS,
    getScriptFileNames: () => [...texts.keys()],
    getScriptVersion: () => "1",
    getScriptSnapshot: (file) => {
      const text = read(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => FOLDER,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: (file) => texts.has(file) || ts.sys.fileExists(file),
    readFile: read,
    directoryExists: (folder) => folder === FOLDER || ts.sys.directoryExists(folder),
    ...(ts.sys.realpath !== undefined && { realpath: ts.sys.realpath }),
  });
}

export function typesOf(toml: string, profile?: string, env: Readonly<Record<string, string>> = {}): string {
  const facts = { providers: PROVIDERS, dialects: ["openai", "anthropic"] };
  return registeredTypes(parseConfig(toml, { env, profile, ...facts }));
}

const PROVIDERS = ["openai", "anthropic", "groq", "ollama", "simulator"].map((id) => ({
  ...{ id, needsBaseUrl: false, keyEnv: [] },
}));
