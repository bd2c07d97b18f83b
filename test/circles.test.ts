/** No file imports itself through others, types included: every part can be read and tested without the whole. */
import { expect } from 'chai';
import { importsIn, projectFiles } from './harness/sources.js';

/** Returns the first circle that a depth-first search finds, as a path that ends where it begins; undefined if none. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    if (finished.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle) return circle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

describe('the imports', () => {
  const sources = projectFiles((path) => /\.tsx?$/.test(path));
  const graph = new Map([...sources].map(([file, text]) => [file, importsIn(file, text).map(({ to }) => to)]));

  it('have no circle, type imports included', () => {
    expect(circleIn(graph)?.join(' → ')).to.equal(undefined);
  });

  it('are searched by a search that finds a circle', () => {
    const planted = new Map([...graph, ['edge/app.ts', ['edge/auth.ts']], ['edge/auth.ts', ['edge/app.ts']]]);
    expect(circleIn(planted)).to.have.ordered.members(['edge/app.ts', 'edge/auth.ts', 'edge/app.ts']);
  });
});
