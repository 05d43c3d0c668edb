/** The help text of `ovn-northbound ports`. */

/** One line for the list of commands. */
export const PORTS_SUMMARY = 'look at and manage the ports kept for pods of StatefulSets';

/** The command's help text. */
export const PORTS_HELP = `Usage: ovn-northbound ports plan      -f FILE [OPTION]...
       ovn-northbound ports apply     -f FILE [OPTION]...
       ovn-northbound ports readdress -f FILE [OPTION]...
       ovn-northbound ports adopt     -f FILE [OPTION]...
       ovn-northbound ports capacity  -f FILE [OPTION]...
       ovn-northbound ports list      [SELECTOR]... [OPTION]...
       ovn-northbound ports audit     [SELECTOR]... [--kind KIND]... [OPTION]...
       ovn-northbound ports release   SELECTOR... [OPTION]...
       ovn-northbound ports prune     -f FILE PLACE... [OPTION]...

  plan        say what apply would do
  apply       make the ports of the StatefulSets that are missing, and keep
              those that are there
  readdress   apply, and give ports the addresses that an edited pool says (as
              --on-drift readdress)
  adopt       take over the ports that another system, such as Kube-OVN, made
              for the pods
  capacity    say how many addresses there are for the StatefulSets, and who has
              them
  list        print the ports that are kept, also those of pods that do not
              exist
  audit       say what should not be there: addresses used twice, ports that
              somebody changed, and more
  release     delete kept ports, so that their addresses are free
  prune       delete kept ports that no StatefulSet of the manifests needs and
              no pod uses, where the manifests are complete
              (PLACE: --namespace NS, --switch SWITCH or --all)

Which StatefulSets:
  -f FILE               manifest: YAML, also of several documents, or JSON; "-"
                        is standard input (may be repeated). Lists are taken
                        apart, pods beside the StatefulSets have their uids and
                        annotations read, other kinds are passed over:
                        kubectl get statefulsets,pods -A -o json

Which ports (SELECTOR; one must be given for release):
  -f FILE               those of the manifest's StatefulSets; with its uid, what
                        another one used last stays
  --statefulset NS/NAME those of a StatefulSet
  -n, --namespace NS    those of the StatefulSets of a namespace
  --switch SWITCH       those on a logical switch, by name or uuid
  --all                 all
                        Each may be repeated, which adds to it; several kinds
                        together: what fits all of them.

Where:
  --db REMOTES          unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT, or several
                        with commas (default: OVN_NB_DB of the environment, or
                        unix:/var/run/ovn/ovnnb_db.sock)
  --private-key FILE    for ssl: the client's key,
  --certificate FILE    its certificate,
  --ca-cert FILE        and the certificate authority of the servers
  --no-leader-only      accept any member of a cluster, not the leader only
  --timeout SECONDS     longest wait for the connection, and again for each
                        StatefulSet (default: 30)
  --subnet NS=SWITCH[,cidr=CIDR][,gateway=IP][,exclude=RANGE]
                        the logical switch of a namespace, and its subnet unless
                        the switch's other_config says it (may be repeated;
                        default: the switch that has the namespace's name)
  --subnets FILE        the same as YAML or JSON: a map by namespace of
                        logicalSwitch, cidr, gateway, exclude ("-": standard
                        input)

How:
  --on-drift keep|error|readdress        a port's address is not the pool's any
                                         more (default: keep)
  --on-scale-down keep|release           ports beyond the replicas (default:
                                         keep)
  --on-recreate inherit|fresh|reject     ports of an earlier StatefulSet of the
                                         name, by uid (default: inherit)
  --pick random|sequential               addresses without a pool (default:
                                         random)
  --indexing relative|absolute           whose is the pool's first entry: the
                                         first ordinal's, or ordinal 0's
  --adopt                                apply: take over ports of the right
                                         name that somebody else made
  --existing-name pod.namespace|namespace_pod
                                         adopt: how the other system names ports
                                         (default: pod.namespace)
  --vendor NAME                          the key vendor of the ports'
                                         external_ids (default: ovn-northbound)
  --strict-exclude                       refuse pool addresses that the subnet
                                         excludes
  --port-security                        set port_security of new ports to their
                                         addresses

  --dry-run             change nothing, and say what would be changed
  -y, --yes             do not ask before ports or addresses are given up
  --json                print one JSON document instead of tables
  --kind KIND           audit: only findings of this kind (may be repeated)

Exit code:
  0   done, or nothing to do
  1   failed; what was done by then stays, and the same command goes on from
      there
  2   wrong command line, or a question and nobody to ask; nothing was changed
  3   some pods get no port; standard error says why, and the others got theirs
  4   something is left to do: plan or --dry-run would change something, audit
      found something, the answer was no, or ports changed since they were shown
      and were left alone
  130 stopped by SIGINT (143: SIGTERM)

Examples:
  kubectl get statefulsets,pods -A -o json | ovn-northbound ports plan -f -
  ovn-northbound ports apply -f web.yaml
  ovn-northbound ports list --namespace product
  ovn-northbound ports release --statefulset product/web
`;
