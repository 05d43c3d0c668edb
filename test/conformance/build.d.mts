/** See build.mjs. */
export function buildAdapter(): { readonly file: string; remove(): void };
