/**
 * Accounts for the JavaScript heap of a service by owner, from a heap snapshot. A node of the heap belongs to a package, a
 * folder of the project, Node.js or V8: to the owner of the function from which the fewest references lead to it.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { packageIn } from './profile.js';
import { table } from './report.js';

const WAIT_MS = 60_000;
const POLL_MS = 500;
const TOP_OWNERS = 14;
const MIB = 1024 * 1024;

/** The columns of the account. Source text is that of functions that V8 may have to compile again. */
const KINDS = ['source text', 'code', 'objects', 'buffers'] as const;
type Kind = (typeof KINDS)[number];

/** Nodes and edges are rows of numbers, whose fields and types `meta` names. */
const snapshot = z.object({
  snapshot: z.object({
    meta: z.object({
      node_fields: z.array(z.string()),
      node_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
      edge_fields: z.array(z.string()),
      edge_types: z.tuple([z.array(z.string())]).rest(z.unknown()),
    }),
  }),
  nodes: z.array(z.number()),
  edges: z.array(z.number()),
  strings: z.array(z.string()),
});

/** A heap: for each node its type, name, size in bytes, and edges. */
interface Heap {
  types: string[];
  names: string[];
  sizes: number[];
  /** The edges of node n are those from `first[n]` to `first[n + 1]`. */
  first: Uint32Array;
  targets: number[];
  labels: string[];
  isWeak: boolean[];
}

/** Flags of Node.js with which `heapByOwner` can ask a process for a snapshot. */
export const snapshotFlags = (folder: string) => ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${folder}`];

/** Returns a table of the heap of a process that has been started with `snapshotFlags(folder)`, in MiB. */
export async function heapByOwner(pid: number, folder: string): Promise<string> {
  process.kill(pid, 'SIGUSR2');
  const heap = heapIn(await snapshotOf(pid, folder));
  return tableOf(heap, ownersIn(heap));
}

/** Returns the text of the snapshot once its file is complete, and removes the file. */
async function snapshotOf(pid: number, folder: string): Promise<string> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(POLL_MS)) {
    const name = (await readdir(folder)).find((one) => one.endsWith('.heapsnapshot') && one.includes(`.${pid}.`));
    const text = name === undefined ? '' : await readFile(join(folder, name), 'utf8');
    if (name === undefined || !text.trimEnd().endsWith(']}')) continue;
    await rm(join(folder, name));
    return text;
  }
  throw new Error(`the process ${pid} has written no heap snapshot within ${WAIT_MS / 1000} seconds`);
}

function heapIn(text: string): Heap {
  const { snapshot: described, nodes, edges, strings } = snapshot.parse(JSON.parse(text));
  const { node_fields: nodeFields, node_types, edge_fields: edgeFields, edge_types } = described.meta;
  const [nodeTypes, edgeTypes] = [node_types[0], edge_types[0]];
  const [width, edgeWidth] = [nodeFields.length, edgeFields.length];
  const at = (row: number, field: string) => nodes[row * width + nodeFields.indexOf(field)] ?? 0;
  const atEdge = (row: number, field: string) => edges[row * edgeWidth + edgeFields.indexOf(field)] ?? 0;
  const count = nodes.length / width;
  const edgeCount = edges.length / edgeWidth;
  const first = new Uint32Array(count + 1);
  for (let node = 0; node < count; node++) first[node + 1] = (first[node] ?? 0) + at(node, 'edge_count');
  const ofNodes = <T>(read: (node: number) => T) => Array.from({ length: count }, (_, node) => read(node));
  const ofEdges = <T>(read: (edge: number) => T) => Array.from({ length: edgeCount }, (_, edge) => read(edge));
  const edgeTypeOf = (edge: number) => edgeTypes[atEdge(edge, 'type')] ?? '';
  const isNamed = (type: string) => type !== 'element' && type !== 'hidden';
  return {
    types: ofNodes((node) => nodeTypes[at(node, 'type')] ?? ''),
    names: ofNodes((node) => strings[at(node, 'name')] ?? ''),
    sizes: ofNodes((node) => at(node, 'self_size')),
    first,
    targets: ofEdges((edge) => atEdge(edge, 'to_node') / width),
    labels: ofEdges((edge) => (isNamed(edgeTypeOf(edge)) ? (strings[atEdge(edge, 'name_or_index')] ?? '') : '')),
    isWeak: ofEdges((edge) => edgeTypeOf(edge) === 'weak'),
  };
}

/** Returns the owner of each node. */
function ownersIn(heap: Heap): string[] {
  const { types, names, targets, isWeak } = heap;
  const owners: (string | undefined)[] = types.map((type, node) =>
    /NativeContext|\(GC roots\)|\(Global handles\)/.test(names[node] ?? '') ? 'V8' : ownerOfCode(heap, node, type),
  );
  // From all functions at once, one reference further in each step: the nearest function is first.
  let reached = owners.flatMap((owner, node) => (owner === undefined ? [] : [node]));
  while (reached.length > 0) {
    const next: number[] = [];
    for (const node of reached) {
      for (const edge of edgesOf(heap, node)) {
        const target = targets[edge] ?? 0;
        if (isWeak[edge] || owners[target] !== undefined) continue;
        owners[target] = owners[node];
        next.push(target);
      }
    }
    reached = next;
  }
  return owners.map((owner) => owner ?? 'V8');
}

/** Returns the owner of a function, its compiled form or its script; undefined if the node is none of these. */
function ownerOfCode(heap: Heap, node: number, type: string): string | undefined {
  if (type === 'closure') {
    const shared = targetOf(heap, node, 'shared');
    return shared === undefined ? undefined : (ownerOfCode(heap, shared, 'code') ?? 'V8');
  }
  if (type !== 'code') return undefined;
  const script =
    targetOf(heap, node, 'script', 'script_or_debug_info') ??
    (targetOf(heap, node, 'source') === undefined ? undefined : node);
  return script === undefined ? undefined : ownerOfScript(heap.names[script] ?? '');
}

/** Returns the target of the first edge of a node with one of these labels. */
function targetOf(heap: Heap, node: number, ...wanted: string[]): number | undefined {
  for (const edge of edgesOf(heap, node)) if (wanted.includes(heap.labels[edge] ?? '')) return heap.targets[edge];
  return undefined;
}

function* edgesOf({ first }: Heap, node: number): Generator<number> {
  for (let edge = first[node] ?? 0; edge < (first[node + 1] ?? 0); edge++) yield edge;
}

/** Returns the package, "Node.js", or the folder of the project. */
function ownerOfScript(name: string): string {
  if (name.startsWith('node:')) return 'Node.js';
  return packageIn(name) ?? /\/dist[^/]*\/([^/]+)\//.exec(name)?.[1] ?? 'V8';
}

function tableOf(heap: Heap, owners: string[]): string {
  const sources = new Set<number>();
  for (const [edge, label] of heap.labels.entries()) if (label === 'source') sources.add(heap.targets[edge] ?? 0);
  const kindOf = (node: number): Kind => {
    const type = heap.types[node];
    if (type === 'native') return 'buffers';
    if (type === 'code') return 'code';
    return sources.has(node) && type?.includes('string') ? 'source text' : 'objects';
  };
  const sizes = new Map<string, number[]>();
  for (const [node, size] of heap.sizes.entries()) {
    const owner = owners[node] ?? 'V8';
    const inColumns = KINDS.map((kind) => (kind === kindOf(node) ? size : 0));
    sizes.set(owner, added(sizes.get(owner) ?? NOTHING, inColumns));
  }
  const sorted = [...sizes].sort(([, one], [, other]) => sum(other) - sum(one));
  const all = (rows: [string, number[]][]) => rows.reduce((total, [, of]) => added(total, of), NOTHING);
  const row = ([name, of]: [string, number[]]) => [name, ...[sum(of), ...of].map(mib)];
  return table([
    ['owner', 'MiB', ...KINDS],
    ...sorted.slice(0, TOP_OWNERS).map(row),
    row([`${Math.max(0, sorted.length - TOP_OWNERS)} others`, all(sorted.slice(TOP_OWNERS))]),
    row(['all', all(sorted)]),
  ]);
}

const NOTHING = KINDS.map(() => 0);
const added = (one: number[], other: number[]) => one.map((size, kind) => size + (other[kind] ?? 0));
const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
const mib = (bytes: number) => (bytes / MIB).toFixed(1);
