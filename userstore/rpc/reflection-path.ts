/** The RPCs of gRPC's server reflection, which tell of the contract and of no organization. */
const REFLECTION = /^\/grpc\.reflection\.v1(alpha)?\.ServerReflection\//;

/** Whether the RPC at this path is one of server reflection. */
export const isReflection = (path: string): boolean => REFLECTION.test(path);
