/** Bodies of anonymous requests: at most 16 KiB, complete within 5 s. */
import express, { type RequestHandler } from 'express';
import { ScimError } from '../../scim/scim-error.js';

const MAX_BYTES = 16 * 1024;
const MAX_MS = 5000;

/** Reads the fields of a form. */
export const readForm = (): RequestHandler =>
  inTime(express.urlencoded({ extended: false, limit: MAX_BYTES, parameterLimit: 20 }));

/** Reads a body of any type as bytes. */
export const readBytes = (): RequestHandler => inTime(express.raw({ type: () => true, limit: MAX_BYTES }));

/** Answers 408 and closes the connection if the body is not complete in time. */
function inTime(read: RequestHandler): RequestHandler {
  return (request, response, next) => {
    let isOver = false;
    const over = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(late);
      next(error);
    };
    const late = setTimeout(() => {
      if (!response.closed)
        over(new ScimError(408, undefined, 'The request took too long to arrive.', { Connection: 'close' }));
    }, MAX_MS);
    read(request, response, over);
  };
}
