/** gRPC's health protocol for promise clients. */
import type { MethodDefinition } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** The method that says whether a server serves; `status` is "SERVING" when it does. */
export const HEALTH = {
  checkHealth: service.Check as unknown as MethodDefinition<{ service: string }, { status: string }>,
};
