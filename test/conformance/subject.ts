import { connectSdkV2 } from '../support/clients.ts';

/** A running server that the suite is pointed at. */
export interface Subject extends AsyncDisposable {
  readonly url: URL;
}

export async function toolsOf({ url }: Subject): Promise<readonly string[]> {
  await using client = await connectSdkV2({ url: url.href, token: 'none' });
  return await client.tools();
}
