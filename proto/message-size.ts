/**
 * The largest answer that userstore sends and its callers accept: twice the largest page of users with their groups.
 */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/**
 * The largest request. The largest body that the edge takes has 5 MiB, and the contract's form of it is at most about
 * twice as large; a change of 10,000 members has 400 KiB.
 */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
