const MAX_PAGES = 100;

/**
 * Asks for page after page of a list (MCP 2025-11-25, "Pagination"); `ask` takes what a page is asked for with, and returns
 * the next cursor. `cut`: there were more pages than anybody should have.
 */
export async function everyPage(
  ask: (params: { readonly cursor?: string }) => Promise<string | undefined>,
): Promise<'whole' | 'cut'> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    cursor = await ask(cursor === undefined ? {} : { cursor });
    if (cursor === undefined) return 'whole';
  }
  return 'cut';
}
