/** All loads of `--hostile`, in the order in which they run. */
import { ANONYMOUS_LOADS } from './anonymous-loads.js';
import { MAXIMA } from './maxima.js';
import { ORGANIZATION_LOADS } from './organization-loads.js';
import { RPC_LOADS } from './rpc-loads.js';
import type { Load } from './target.js';
import { VALUE_MAXIMA } from './value-maxima.js';

export const LOADS: Load[] = [...ORGANIZATION_LOADS, ...ANONYMOUS_LOADS, ...RPC_LOADS, ...MAXIMA, ...VALUE_MAXIMA];
