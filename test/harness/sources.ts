/** The project's own files as text, for tests that read them: paths, contents, imports. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An import; `to` is a path from the project's root ("edge/app.ts") or the name of a package. */
export interface Import {
  from: string;
  to: string;
  isTypeOnly: boolean;
}

/** Returns the folder with package.json, wherever this file was compiled to. */
function projectRoot(folder = dirname(fileURLToPath(import.meta.url))): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (folder === dirname(folder)) throw new Error('no package.json above the tests');
  return projectRoot(dirname(folder));
}

/**
 * Reads every file that git tracks or would track and that `isWanted` accepts; keys are paths from the project's root.
 */
export function projectFiles(isWanted: (path: string) => boolean): Map<string, string> {
  const root = projectRoot();
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = listed.split('\0').filter((path) => path !== '' && isWanted(path));
  return new Map(
    paths
      .filter((path) => existsSync(join(root, path)))
      .map((path) => [path, readFileSync(join(root, path), 'utf8')] as const),
  );
}

/** Returns the source that a compiled file belongs to. */
function sourceOf(compiled: string): string {
  const tsx = compiled.replace(/\.js$/, '.tsx');
  return existsSync(join(projectRoot(), tsx)) ? tsx : compiled.replace(/\.js$/, '.ts');
}

/** Returns the imports in a source text; `file` is its path from the project's root. */
export function importsIn(file: string, text: string): Import[] {
  const statement = /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/g;
  return [...text.matchAll(statement)].map(([, type, named, dynamic]) => {
    const specifier = named ?? dynamic ?? '';
    const to = specifier.startsWith('.') ? sourceOf(posix.join(posix.dirname(file), specifier)) : specifier;
    return { from: file, to, isTypeOnly: type !== undefined };
  });
}
