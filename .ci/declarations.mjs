/**
 * Leaves of the declarations that TypeScript made what the doors lead to: of each file the statements that a door
 * exports, or that one of these needs, with their comments. A file of which nothing is left goes, and so do the heads
 * of files, which are for who reads lib, and members marked as internal; a constructor that is marked becomes private.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

/** Prunes the declarations in a folder; the doors are paths in it. */
export function pruneDeclarations(folder, doors) {
  const program = ts.createProgram(doors, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
  });
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${folder}/`));
  const needed = neededNodes(program.getTypeChecker(), files, doors);
  const kept = new Set();
  for (const file of files) {
    const text = doors.includes(file.fileName) ? file.text : keptText(file, needed);
    if (text === '') continue;
    kept.add(file.fileName);
    // TypeScript indents by four, which is a tenth of it all.
    writeFileSync(
      file.fileName,
      text.replace(/^(?: {4})+/gm, (indent) => indent.slice(indent.length / 2)),
    );
  }
  for (const path of readdirSync(folder, { recursive: true }).map((path) => join(folder, path))) {
    if (path.endsWith('.d.ts') && !kept.has(path)) rmSync(path);
  }
}

/** The statements, and the specifiers of imports and exports, that the doors lead to. */
function neededNodes(checker, files, doors) {
  const needed = new Set();
  const waiting = files.filter(({ fileName }) => doors.includes(fileName));
  /** Needs all declarations of a symbol, and every import and export on the way to what it stands for. */
  const need = (symbol) => {
    while (symbol !== undefined) {
      for (const declaration of symbol.declarations ?? []) {
        const node = files.includes(declaration.getSourceFile()) ? partOf(declaration) : undefined;
        if (node === undefined || needed.has(node)) continue;
        needed.add(node);
        waiting.push(node);
      }
      symbol = symbol.flags & ts.SymbolFlags.Alias ? checker.getImmediateAliasedSymbol(symbol) : undefined;
    }
  };
  const visit = (node) => {
    if (isInternal(node)) return;
    if (ts.isIdentifier(node)) need(checker.getSymbolAtLocation(node));
    ts.forEachChild(node, visit);
  };
  while (waiting.length > 0) visit(waiting.pop());
  return needed;
}

/** The specifier, or else the statement, that a declaration is in; nothing for a whole file. */
function partOf(declaration) {
  for (let node = declaration; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isImportSpecifier(node) || ts.isExportSpecifier(node) || ts.isSourceFile(node.parent)) return node;
  }
  return undefined;
}

function isInternal(node) {
  return (
    ts.isClassElement(node) && node.jsDoc?.at(-1).tags?.some(({ tagName }) => tagName.text === 'internal') === true
  );
}

function withoutInternals(statement) {
  const start = statement.jsDoc?.at(-1).pos ?? statement.getStart();
  let text = '';
  let end = start;
  for (const member of (ts.isClassDeclaration(statement) ? statement.members : []).filter(isInternal)) {
    text += statement.getSourceFile().text.slice(end, member.pos);
    if (ts.isConstructorDeclaration(member)) text += '\n    private constructor();';
    end = member.end;
  }
  return text + statement.getSourceFile().text.slice(end, statement.end);
}

function keptText(file, needed) {
  const parts = file.statements.map((statement) => {
    const named = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause;
    if (named?.elements !== undefined) {
      const elements = named.elements.filter((element) => needed.has(element)).map((element) => element.getText());
      if (elements.length === 0) return '';
      return statement.getText().replace(named.getText(), () => `{ ${elements.join(', ')} }`);
    }
    if (!needed.has(statement)) return '';
    return withoutInternals(statement);
  });
  if (parts.every((part) => part === '')) return '';
  // Without an import or export of its own a file would be no module, and in one that has no `export {}` all is exported.
  return `${parts.filter((part) => part !== '').join('\n')}\nexport {};\n`;
}
