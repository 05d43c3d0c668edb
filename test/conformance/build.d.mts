/** See build.mjs. */
export function buildAdapter(): { readonly file: string; readonly embeddedPrograms: string; remove(): void };
