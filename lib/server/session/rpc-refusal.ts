/** An error of a request that is a mere text, as ovsdb-server has some. */
export class RpcRefusal extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'RpcRefusal';
  }
}
