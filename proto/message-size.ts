/** The largest message that userstore and its callers accept. A page of 200 of the largest users fits. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/**
 * The largest request. The largest body that the edge takes has 5 MiB, and the contract's form of it is at most about
 * twice as large; a change of 10,000 members has 400 KiB.
 */
export const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
