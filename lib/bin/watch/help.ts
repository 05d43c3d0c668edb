/** The help texts of `ovn-northbound watch`. */

/** One line for the list of commands. */
export const WATCH_SUMMARY = 'look at switches, ports and StatefulSets while they change';

/** The command's help text. */
export const WATCH_HELP = `Usage: ovn-northbound watch [--switch SWITCH]... [OPTION]...

Shows logical switches, their ports, and the StatefulSets that ports are kept
for, while they change. Changes nothing. Without a terminal it prints a line for
each change.

What:
  --switch SWITCH       only this logical switch, by name or uuid (may be
                        repeated)
  -f FILE               manifest, as for "ports": ports are compared with the
                        pools in it (may be repeated; "-" is standard input)
  --indexing relative|absolute
                        whose is the pool's first entry: the first ordinal's, or
                        ordinal 0's (default: relative)
  --plain               print a line for each change on a terminal too

Where:
  --remote REMOTES      unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT, or several
                        with commas (default: OVN_NB_DB of the environment, or
                        unix:/var/run/ovn/ovnnb_db.sock); --db is the same
  --private-key FILE    for ssl: the client's key,
  --certificate FILE    its certificate,
  --ca-cert FILE        and the certificate authority of the servers
  --no-leader-only      accept any member of a cluster, not the leader only
  --timeout SECONDS     longest wait for the first connection (default: 30); one
                        that is lost later is made again for as long as it takes

States of ports:
  up         a pod or a machine is using it
  retained   kept for a pod of a StatefulSet that is not up
  down       kept for nobody, and not up; unknown (-): ovn-northd has not said
  drift      its addresses are not those that it was given, or with -f not
             those that the pool says

Keys: arrows or j k, PgUp, PgDn, Home, End move; Enter, left and right open and
close; / finds names and addresses; s goes through the states; ? shows all; q
quits.

NO_COLOR in the environment leaves out colours.

Exit code:
  0             it was left with q, or nobody reads its lines any more
  1             failed: no connection
  2             wrong command line
  130 143 129   stopped by Ctrl-C; by SIGTERM; because the terminal is gone
                (SIGHUP)

Examples:
  ovn-northbound watch
  ovn-northbound watch --remote tcp:10.0.0.5:6641 --switch product
  ovn-northbound watch -f web.yaml
  ovn-northbound watch --switch product | grep --line-buffered retained
`;

/** What the keys do, for the view itself. */
export const VIEW_HELP = `
  up down, j k        one line            PgUp PgDn, b space  one page
  Home End, g G       first, last line    Ctrl-L              draw anew
  Enter               open or close       left, right         close, open
  c                   close all ports     o                   open all
  /                   find: words in names, addresses, StatefulSets, switches
  s                   only up, down, retained, drifting; then all again
  Esc                 forget what was looked for
  q                   quit                Ctrl-C Ctrl-Z       stop, suspend

  up         a pod or a machine is using it
  retained   kept for a pod of a StatefulSet that is not up
  down       kept for nobody, and not up; unknown (-): ovn-northd has not said
  drift      its addresses are not those that it was given
`;
