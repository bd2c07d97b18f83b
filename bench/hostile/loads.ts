/** All loads of `--hostile`, in the order in which they run. */
import { ANONYMOUS_LOADS } from './anonymous-loads.js';
import { CALL_MAXIMA } from './call-maxima.js';
import { MAXIMA } from './maxima.js';
import { ORGANIZATION_LOADS } from './organization-loads.js';
import { REQUEST_MAXIMA } from './request-maxima.js';
import { RPC_LOADS } from './rpc-loads.js';
import type { Load } from './target.js';
import { VALUE_MAXIMA } from './value-maxima.js';

export const LOADS: Load[] = [
  ...ORGANIZATION_LOADS,
  ...ANONYMOUS_LOADS,
  ...RPC_LOADS,
  ...MAXIMA,
  ...VALUE_MAXIMA,
  ...REQUEST_MAXIMA,
  ...CALL_MAXIMA,
];
