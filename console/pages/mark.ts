/** The mark of LeaseHawk: a hawk's wings above a roof, as SVG. */
export const MARK = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#17528f"/><path d="M4 12c5-1 8 1 12 6 4-5 7-7 12-6-4 1-6 4-7 8l-5 6-5-6c-1-4-3-7-7-8z" fill="#fff"/></svg>`;
