/** The frame of every page: the document, its style, and headers that allow nothing else. */
import type { Response } from 'express';
import { MARK } from '../../brand/mark.js';
import { Html, html } from './html.js';
import { STYLE, STYLE_SOURCE } from './style.js';

/**
 * The sources of `form-action` in a Content-Security-Policy: where the forms of a page and their redirects may lead.
 */
const NO_FORMS = "'none'";

/**
 * Allows the page's own style, its forms, its icon, on a page with a script files of the edge, and on a live page its
 * script to ask the edge; forbids inline scripts, frames, images from elsewhere and every other request.
 */
const headersFor = (formAction: string, hasScript: boolean, isLive: boolean) => ({
  'Content-Security-Policy': `default-src 'none'; style-src ${STYLE_SOURCE}; img-src 'self'; ${hasScript ? "script-src 'self'; " : ''}${isLive ? "connect-src 'self'; " : ''}base-uri 'none'; form-action ${formAction}; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  // With "no-referrer" the browser would also hide the origin of a form.
  'Referrer-Policy': formAction === NO_FORMS ? 'no-referrer' : 'same-origin',
  'Cache-Control': 'no-store',
});

/** A page. */
export interface Page {
  title: string;
  main: Html;
  /** A page of long text, not of one message or form. */
  isWide?: boolean;
  /** The address of a script of the edge. */
  script?: string;
  /** Whether the script asks the edge again for what the page shows. */
  isLive?: boolean;
}

/** Renders the page of a heading and its content. */
export const page = (heading: string, content: Html): Page => ({
  title: heading.includes('LeaseHawk') ? heading : `${heading} – LeaseHawk`,
  main: html`<h1>${heading}</h1>
${content}`,
});

/** Sends a page as a whole document. Its forms may lead to `formAction`. */
export function sendPage(
  response: Response,
  status: number,
  { title, main, isWide = false, script, isLive = false }: Page,
  formAction = NO_FORMS,
): void {
  const headers = headersFor(formAction, script !== undefined, isLive);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const width = isWide ? 'long' : 'narrow';
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
${script === undefined ? undefined : html`<script src="${script}" defer></script>`}
</head>
<body>
<header class="brand ${width}">${new Html(MARK)} LeaseHawk</header>
<main class="${width}">
${main}
</main>
</body>
</html>
`;
  response.status(status).type('html').send(document.text);
}
