/** The help texts of `ovn-northbound demo`. */

/** One line for the list of commands. */
export const DEMO_SUMMARY = 'see in a second how pods keep their addresses';

/** The command's help text. */
export const DEMO_HELP = `Usage: ovn-northbound demo [OPTION]...

Plays the life of a StatefulSet: its ports are made, its pods go and come back,
its pool ends and is made longer. Reads every promise back from the server, and
says which were kept. Needs nothing but Node: the database is one in memory.

  --file FILE           manifest with StatefulSets, YAML or JSON; "-": standard
                        input (default: three pods with a pool)
  --subnet CIDR         subnet of the pods: IPv4, IPv6, or both with a comma
                        (default: the /24 or /64 around the first address of the
                        pool)
  --real                on an ovsdb-server of its own, which must be installed
  --remote REMOTES      on a database that exists (unix:PATH, tcp:HOST:PORT,
                        ssl:HOST:PORT, or several with commas), on a switch that
                        is made for it and removed at the end
  --keep                with --remote: leave the switch and its ports there
  --private-key FILE    for ssl: the client's key,
  --certificate FILE    its certificate,
  --ca-cert FILE        and the certificate authority of the servers
  --print-manifest      print the manifest that is played by default, to edit it

NO_COLOR in the environment leaves out colours; FORCE_COLOR=1 has them in pipes.

Exit code:
  0             every promise was kept
  1             not all were, or it failed
  2             wrong command line
  130 143 129   stopped by Ctrl-C; by SIGTERM; because the terminal is gone
                (SIGHUP)

Examples:
  ovn-northbound demo
  ovn-northbound demo --real
  ovn-northbound demo --print-manifest > web.yaml
  ovn-northbound demo --file web.yaml --subnet 10.16.0.0/24
  ovn-northbound demo --remote tcp:127.0.0.1:6641
`;
