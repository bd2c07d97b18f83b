/** The icon of the pages. Browsers ask for /favicon.ico by themselves, and take any type of image from there. */
import type { RequestHandler } from 'express';
import { ICON } from '../../brand/mark.js';

/** Serves the icon. */
export const icon: RequestHandler = (_request, response) => {
  response.setHeader('Cache-Control', 'public, max-age=86400');
  response.type('image/svg+xml').send(ICON);
};
