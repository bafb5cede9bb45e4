/** Which things are about which server; each is about one at a time. */
export class ServerIndex {
  readonly #things = new Map<string, Set<string>>();
  readonly #servers = new Map<string, string>();

  put(id: string, server: string): void {
    if (this.#servers.get(id) === server) return;
    this.remove(id);
    this.#servers.set(id, server);
    const things = this.#things.get(server);
    if (things === undefined) this.#things.set(server, new Set([id]));
    else things.add(id);
  }

  remove(id: string): void {
    const server = this.#servers.get(id);
    if (server === undefined) return;
    this.#servers.delete(id);
    const things = this.#things.get(server);
    things?.delete(id);
    if (things?.size === 0) this.#things.delete(server);
  }

  of(server: string): Iterable<string> {
    return this.#things.get(server) ?? [];
  }
}
