import { join } from "node:path";
import {
  createProgram,
  ModuleKind,
  ModuleResolutionKind,
  ScriptTarget,
  SymbolFlags,
  type Symbol as TsSymbol,
} from "typescript";

const ROOT = join(import.meta.dirname, "../..");

export interface Declarations {
  /** Everything the module exports, types included. */
  readonly names: readonly string[];
  /** Public members of one of them, as a caller reads them: `name`, `name?`, `name()`; static ones behind `static`. */
  membersOf(name: string): string[];
}

/** What the modules declare, read from their sources. */
export function declarationsOf(...files: string[]): Declarations[] {
  const paths = files.map((file) => join(ROOT, file));
  const program = createProgram(paths, {
    ...{ module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext, target: ScriptTarget.ES2023 },
    ...{ strict: true, skipLibCheck: true, allowImportingTsExtensions: true, noEmit: true, types: [] },
  });
  const checker = program.getTypeChecker();
  return paths.map((path) => {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${path} is no module`);
    const found = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
    return {
      names: [...found.keys()].sort(),
      membersOf(name) {
        const exported = found.get(name);
        if (exported === undefined) throw new Error(`${path} does not export ${name}`);
        const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        const own = checker.getDeclaredTypeOfSymbol(symbol).getProperties().filter(isPublic).map(spelled);
        const fixed =
          symbol.exports === undefined || !(symbol.flags & SymbolFlags.Class)
            ? []
            : [...symbol.exports.values()].filter(isPublic);
        return [...fixed.map((member) => `static ${spelled(member)}`), ...own].sort();
      },
    };
  });
}

function isPublic({ name, flags }: TsSymbol): boolean {
  return !name.includes("#") && !(flags & SymbolFlags.Prototype);
}

function spelled({ name, flags }: TsSymbol): string {
  const plain = name.replace(/^__@(\w+)@\d+$/, "[Symbol.$1]");
  return `${plain}${flags & SymbolFlags.Optional ? "?" : ""}${flags & SymbolFlags.Method ? "()" : ""}`;
}
