/** gRPC's health protocol for promise clients. */
import { service } from 'grpc-health-check';
import type { UnaryMethod } from './client.js';

/** The method that says whether a server serves; `status` is "SERVING" when it does. */
export const HEALTH = {
  checkHealth: service.Check as unknown as UnaryMethod<{ service: string }, { status: string }>,
};
