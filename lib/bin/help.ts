/** The help text of the program as a whole: one screen. */

/** What `ovn-northbound` says without a command; `commands` are names with one line each. */
export function programHelp(commands: Iterable<readonly [name: string, summary: string]>): string {
  const lines = Array.from(commands, ([name, summary]) => `  ${name.padEnd(10)}${summary}\n`).join('');
  return `Usage: ovn-northbound COMMAND [OPTION]...

Works on the OVN Northbound database: looks at it, and keeps fixed addresses for
the pods of Kubernetes StatefulSets in it.

Commands:
${lines}
Examples:
  ovn-northbound watch --remote tcp:10.0.0.5:6641
  kubectl get statefulsets,pods -A -o json | ovn-northbound ports plan -f -
  ovn-northbound generate --remote tcp:10.0.0.5:6641 --out tables.ts

The database is OVN_NB_DB of the environment, or else where ovn-nbctl looks:
unix:/var/run/ovn/ovnnb_db.sock.

Help on a command: ovn-northbound COMMAND --help; which version: --version
`;
}
