/** The largest message that userstore and its callers accept. A page of 200 of the largest users fits. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
