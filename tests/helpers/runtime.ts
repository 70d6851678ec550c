/** Tests that are about one runtime alone. */

/** Whether this is Deno. */
export const isDeno: boolean = "Deno" in globalThis;

/** Settings of a test that only Deno can run; elsewhere it is skipped for that reason. */
export function onlyDeno(reason: string): { readonly skip: string | false } {
  return { skip: isDeno ? false : reason };
}

/** Settings of a test that only Node can run; elsewhere it is skipped for that reason. */
export function onlyNode(reason: string): { readonly skip: string | false } {
  return { skip: isDeno ? reason : false };
}
