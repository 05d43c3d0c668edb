// Generated from the schema OVN_Northbound 7.19.0, with regard to 5.20.0, 6.1.0, 7.3.0, 7.11.0 by `ovn-northbound generate`. Do not edit.
import type { DatabaseSchemaJson, Integer, MapColumn, OptionalColumn, Reference, Row, ScalarColumn, SetColumn } from '../schema/types.js';

/** Columns of table `NB_Global`; at most 1 row. */
export interface NBGlobalColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** integer */
  readonly nb_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly nb_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** integer */
  readonly sb_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly sb_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** integer */
  readonly hv_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly hv_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to Connection */
  readonly connections: SetColumn<Reference<'Connection'>>;
  /** optional reference to SSL */
  readonly ssl: OptionalColumn<Reference<'SSL'>>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** boolean */
  readonly ipsec: ScalarColumn<boolean>;
}

/** Columns of table `Sample_Collector`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SampleCollectorColumns {
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** integer */
  readonly probability: ScalarColumn<number>;
  /** integer */
  readonly set_id: ScalarColumn<number, 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Sample`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SampleColumns {
  /** set of references to Sample_Collector */
  readonly collectors: SetColumn<Reference<'Sample_Collector'>>;
  /** integer */
  readonly metadata: ScalarColumn<number, 'required'>;
}

/** Columns of table `Copp`; not in 5.20.0. */
export interface CoppColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly meters: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Logical_Switch`. */
export interface LogicalSwitchColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to Logical_Switch_Port */
  readonly ports: SetColumn<Reference<'Logical_Switch_Port'>>;
  /** set of references to ACL */
  readonly acls: SetColumn<Reference<'ACL'>>;
  /** set of references to QoS */
  readonly qos_rules: SetColumn<Reference<'QoS'>>;
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
  /** set of references to Load_Balancer_Group; not in 5.20.0 */
  readonly load_balancer_group: SetColumn<Reference<'Load_Balancer_Group'>, 'newer'>;
  /** set of weak references to DNS */
  readonly dns_records: SetColumn<Reference<'DNS'>>;
  /** optional weak reference to Copp; not in 5.20.0 */
  readonly copp: OptionalColumn<Reference<'Copp'>, 'newer'>;
  /** map of string to string */
  readonly other_config: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to Forwarding_Group */
  readonly forwarding_groups: SetColumn<Reference<'Forwarding_Group'>>;
}

/** Columns of table `Logical_Switch_Port`; a row lives only while a strong reference points to it. */
export interface LogicalSwitchPortColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly type: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** optional string */
  readonly parent_name: OptionalColumn<string>;
  /** optional integer */
  readonly tag_request: OptionalColumn<number>;
  /** optional integer */
  readonly tag: OptionalColumn<number>;
  /** set of string */
  readonly addresses: SetColumn<string>;
  /** optional string */
  readonly dynamic_addresses: OptionalColumn<string>;
  /** set of string */
  readonly port_security: SetColumn<string>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly peer: OptionalColumn<string, 'newer'>;
  /** optional boolean */
  readonly up: OptionalColumn<boolean>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** optional weak reference to DHCP_Options */
  readonly dhcpv4_options: OptionalColumn<Reference<'DHCP_Options'>>;
  /** optional weak reference to DHCP_Options */
  readonly dhcpv6_options: OptionalColumn<Reference<'DHCP_Options'>>;
  /** set of weak references to Mirror; not in 5.20.0, 6.1.0 */
  readonly mirror_rules: SetColumn<Reference<'Mirror'>, 'newer'>;
  /** optional reference to HA_Chassis_Group */
  readonly ha_chassis_group: OptionalColumn<Reference<'HA_Chassis_Group'>>;
  /** set of references to Logical_Switch_Port_Health_Check; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly health_checks: SetColumn<Reference<'Logical_Switch_Port_Health_Check'>, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Network_Function_Health_Check`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionHealthCheckColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Network_Function`; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** optional reference to Logical_Switch_Port */
  readonly outport: OptionalColumn<Reference<'Logical_Switch_Port'>>;
  /** reference to Logical_Switch_Port */
  readonly inport: ScalarColumn<Reference<'Logical_Switch_Port'>, 'required'>;
  /** optional reference to Network_Function_Health_Check */
  readonly health_check: OptionalColumn<Reference<'Network_Function_Health_Check'>>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Network_Function_Group`; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionGroupColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** optional string */
  readonly fallback: OptionalColumn<'fail-open' | 'fail-close'>;
  /** set of references to Network_Function */
  readonly network_function: SetColumn<Reference<'Network_Function'>>;
  /** optional reference to Network_Function */
  readonly network_function_active: OptionalColumn<Reference<'Network_Function'>>;
  /** string */
  readonly mode: ScalarColumn<'inline' | 'vtap', 'required'>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Logical_Switch_Port_Health_Check`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface LogicalSwitchPortHealthCheckColumns {
  /** string */
  readonly protocol: ScalarColumn<'tcp' | 'udp' | 'icmp', 'required'>;
  /** string */
  readonly src_ip: ScalarColumn<string>;
  /** integer */
  readonly port: ScalarColumn<number>;
  /** string */
  readonly address: ScalarColumn<string>;
  /** optional string */
  readonly status: OptionalColumn<'online' | 'offline' | 'error'>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
}

/** Columns of table `Forwarding_Group`; a row lives only while a strong reference points to it. */
export interface ForwardingGroupColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly vip: ScalarColumn<string>;
  /** string */
  readonly vmac: ScalarColumn<string>;
  /** boolean */
  readonly liveness: ScalarColumn<boolean>;
  /** map of string to string; not in 5.20.0 */
  readonly external_ids: MapColumn<string, string, 'newer'>;
  /** set of string */
  readonly child_port: SetColumn<string>;
}

/** Columns of table `Address_Set`. */
export interface AddressSetColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of string */
  readonly addresses: SetColumn<string>;
  /** map of string to string; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Port_Group`. */
export interface PortGroupColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of weak references to Logical_Switch_Port */
  readonly ports: SetColumn<Reference<'Logical_Switch_Port'>>;
  /** set of references to ACL */
  readonly acls: SetColumn<Reference<'ACL'>>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Load_Balancer`. */
export interface LoadBalancerColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly vips: MapColumn<string, string>;
  /** optional string */
  readonly protocol: OptionalColumn<'tcp' | 'udp' | 'sctp'>;
  /** set of references to Load_Balancer_Health_Check */
  readonly health_check: SetColumn<Reference<'Load_Balancer_Health_Check'>>;
  /** map of string to string */
  readonly ip_port_mappings: MapColumn<string, string>;
  /** set of string; not in 5.20.0 */
  readonly selection_fields: SetColumn<'eth_src' | 'eth_dst' | 'ip_src' | 'ip_dst' | 'ipv6_src' | 'ipv6_dst' | 'tp_src' | 'tp_dst', 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Load_Balancer_Group`; not in 5.20.0. */
export interface LoadBalancerGroupColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
}

/** Columns of table `Load_Balancer_Health_Check`; a row lives only while a strong reference points to it. */
export interface LoadBalancerHealthCheckColumns {
  /** string */
  readonly vip: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `ACL`; a row lives only while a strong reference points to it. */
export interface ACLColumns {
  /** optional string */
  readonly name: OptionalColumn<string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** string */
  readonly direction: ScalarColumn<'from-lport' | 'to-lport', 'required'>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** string */
  readonly action: ScalarColumn<'allow' | 'allow-related' | 'allow-stateless' | 'drop' | 'reject' | 'pass', 'required'>;
  /** optional reference to Network_Function_Group; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly network_function_group: OptionalColumn<Reference<'Network_Function_Group'>, 'newer'>;
  /** boolean */
  readonly log: ScalarColumn<boolean>;
  /** optional string */
  readonly severity: OptionalColumn<'alert' | 'warning' | 'notice' | 'info' | 'debug'>;
  /** optional string */
  readonly meter: OptionalColumn<string>;
  /** integer; not in 5.20.0 */
  readonly label: ScalarColumn<number, 'newer'>;
  /** integer; not in 5.20.0, 6.1.0 */
  readonly tier: ScalarColumn<number, 'newer'>;
  /** optional reference to Sample; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly sample_new: OptionalColumn<Reference<'Sample'>, 'newer'>;
  /** optional reference to Sample; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly sample_est: OptionalColumn<Reference<'Sample'>, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `QoS`; a row lives only while a strong reference points to it. */
export interface QoSColumns {
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** string */
  readonly direction: ScalarColumn<'from-lport' | 'to-lport', 'required'>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** map of string to integer */
  readonly action: MapColumn<'dscp' | 'mark', number>;
  /** map of string to integer */
  readonly bandwidth: MapColumn<'rate' | 'burst', number>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Mirror`; not in 5.20.0, 6.1.0. */
export interface MirrorColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly filter: ScalarColumn<'from-lport' | 'to-lport' | 'both', 'required'>;
  /** string */
  readonly sink: ScalarColumn<string>;
  /** string */
  readonly type: ScalarColumn<'gre' | 'erspan' | 'local' | 'lport', 'required'>;
  /** integer */
  readonly index: ScalarColumn<Integer>;
  /** set of references to Mirror_Rule; not in 7.3.0, 7.11.0 */
  readonly mirror_rules: SetColumn<Reference<'Mirror_Rule'>, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Mirror_Rule`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface MirrorRuleColumns {
  /** string */
  readonly match: ScalarColumn<string>;
  /** string */
  readonly action: ScalarColumn<'mirror' | 'skip', 'required'>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `Meter`. */
export interface MeterColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly unit: ScalarColumn<'kbps' | 'pktps', 'required'>;
  /** set of references to Meter_Band */
  readonly bands: SetColumn<Reference<'Meter_Band'>, 'required'>;
  /** optional boolean; not in 5.20.0 */
  readonly fair: OptionalColumn<boolean, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Meter_Band`; a row lives only while a strong reference points to it. */
export interface MeterBandColumns {
  /** string */
  readonly action: ScalarColumn<'drop', 'required'>;
  /** integer */
  readonly rate: ScalarColumn<number, 'required'>;
  /** integer */
  readonly burst_size: ScalarColumn<number>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Logical_Router`. */
export interface LogicalRouterColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to Logical_Router_Port */
  readonly ports: SetColumn<Reference<'Logical_Router_Port'>>;
  /** set of references to Logical_Router_Static_Route */
  readonly static_routes: SetColumn<Reference<'Logical_Router_Static_Route'>>;
  /** set of references to Logical_Router_Policy */
  readonly policies: SetColumn<Reference<'Logical_Router_Policy'>>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** set of references to NAT */
  readonly nat: SetColumn<Reference<'NAT'>>;
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
  /** set of references to Load_Balancer_Group; not in 5.20.0 */
  readonly load_balancer_group: SetColumn<Reference<'Load_Balancer_Group'>, 'newer'>;
  /** optional weak reference to Copp; not in 5.20.0 */
  readonly copp: OptionalColumn<Reference<'Copp'>, 'newer'>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Logical_Router_Port`; a row lives only while a strong reference points to it. */
export interface LogicalRouterPortColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to Gateway_Chassis */
  readonly gateway_chassis: SetColumn<Reference<'Gateway_Chassis'>>;
  /** optional reference to HA_Chassis_Group */
  readonly ha_chassis_group: OptionalColumn<Reference<'HA_Chassis_Group'>>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** set of string */
  readonly networks: SetColumn<string>;
  /** string */
  readonly mac: ScalarColumn<string>;
  /** optional string */
  readonly peer: OptionalColumn<string>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** map of string to string */
  readonly ipv6_ra_configs: MapColumn<string, string>;
  /** set of string; not in 5.20.0 */
  readonly ipv6_prefix: SetColumn<string, 'newer'>;
  /** optional reference to DHCP_Relay; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly dhcp_relay: OptionalColumn<Reference<'DHCP_Relay'>, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string; not in 5.20.0, 6.1.0 */
  readonly status: MapColumn<string, string, 'newer'>;
}

/** Columns of table `Logical_Router_Static_Route`; a row lives only while a strong reference points to it. */
export interface LogicalRouterStaticRouteColumns {
  /** string; not in 5.20.0 */
  readonly route_table: ScalarColumn<string, 'newer'>;
  /** string */
  readonly ip_prefix: ScalarColumn<string>;
  /** optional string */
  readonly policy: OptionalColumn<'src-ip' | 'dst-ip'>;
  /** string */
  readonly nexthop: ScalarColumn<string>;
  /** optional string */
  readonly output_port: OptionalColumn<string>;
  /** optional weak reference to BFD; not in 5.20.0 */
  readonly bfd: OptionalColumn<Reference<'BFD'>, 'newer'>;
  /** set of string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly selection_fields: SetColumn<'eth_src' | 'eth_dst' | 'ip_proto' | 'ip_src' | 'ip_dst' | 'ipv6_src' | 'ipv6_dst' | 'tp_src' | 'tp_dst', 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Logical_Router_Policy`; a row lives only while a strong reference points to it. */
export interface LogicalRouterPolicyColumns {
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly chain: OptionalColumn<string, 'newer'>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** string */
  readonly action: ScalarColumn<'allow' | 'drop' | 'reroute' | 'jump', 'required'>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly jump_chain: OptionalColumn<string, 'newer'>;
  /** optional string */
  readonly nexthop: OptionalColumn<string>;
  /** set of string; not in 5.20.0 */
  readonly nexthops: SetColumn<string, 'newer'>;
  /** optional weak reference to Logical_Router_Port; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly output_port: OptionalColumn<Reference<'Logical_Router_Port'>, 'newer'>;
  /** set of weak references to BFD; not in 5.20.0, 6.1.0 */
  readonly bfd_sessions: SetColumn<Reference<'BFD'>, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly external_ids: MapColumn<string, string, 'newer'>;
}

/** Columns of table `NAT`; a row lives only while a strong reference points to it. */
export interface NATColumns {
  /** string */
  readonly external_ip: ScalarColumn<string>;
  /** optional string */
  readonly external_mac: OptionalColumn<string>;
  /** string; not in 5.20.0 */
  readonly external_port_range: ScalarColumn<string, 'newer'>;
  /** string */
  readonly logical_ip: ScalarColumn<string>;
  /** optional string */
  readonly logical_port: OptionalColumn<string>;
  /** string */
  readonly type: ScalarColumn<'dnat' | 'snat' | 'dnat_and_snat', 'required'>;
  /** optional reference to Address_Set; not in 5.20.0 */
  readonly allowed_ext_ips: OptionalColumn<Reference<'Address_Set'>, 'newer'>;
  /** optional reference to Address_Set; not in 5.20.0 */
  readonly exempted_ext_ips: OptionalColumn<Reference<'Address_Set'>, 'newer'>;
  /** optional weak reference to Logical_Router_Port; not in 5.20.0, 6.1.0 */
  readonly gateway_port: OptionalColumn<Reference<'Logical_Router_Port'>, 'newer'>;
  /** integer; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly priority: ScalarColumn<number, 'newer'>;
  /** string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly match: ScalarColumn<string, 'newer'>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `DHCP_Options`. */
export interface DHCPOptionsColumns {
  /** string */
  readonly cidr: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `DHCP_Relay`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface DHCPRelayColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** optional string */
  readonly servers: OptionalColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Connection`; a row lives only while a strong reference points to it. */
export interface ConnectionColumns {
  /** string */
  readonly target: ScalarColumn<string>;
  /** optional integer */
  readonly max_backoff: OptionalColumn<Integer>;
  /** optional integer */
  readonly inactivity_probe: OptionalColumn<Integer>;
  /** map of string to string */
  readonly other_config: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** boolean, ephemeral */
  readonly is_connected: ScalarColumn<boolean>;
  /** map of string to string, ephemeral */
  readonly status: MapColumn<string, string>;
}

/** Columns of table `DNS`. */
export interface DNSColumns {
  /** map of string to string */
  readonly records: MapColumn<string, string>;
  /** map of string to string; not in 5.20.0, 6.1.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `SSL`; a row lives only while a strong reference points to it; at most 1 row. */
export interface SSLColumns {
  /** string */
  readonly private_key: ScalarColumn<string>;
  /** string */
  readonly certificate: ScalarColumn<string>;
  /** string */
  readonly ca_cert: ScalarColumn<string>;
  /** boolean */
  readonly bootstrap_ca_cert: ScalarColumn<boolean>;
  /** string */
  readonly ssl_protocols: ScalarColumn<string>;
  /** string */
  readonly ssl_ciphers: ScalarColumn<string>;
  /** string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly ssl_ciphersuites: ScalarColumn<string, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Gateway_Chassis`; a row lives only while a strong reference points to it. */
export interface GatewayChassisColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly chassis_name: ScalarColumn<string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
}

/** Columns of table `HA_Chassis`; a row lives only while a strong reference points to it. */
export interface HAChassisColumns {
  /** string */
  readonly chassis_name: ScalarColumn<string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `HA_Chassis_Group`. */
export interface HAChassisGroupColumns {
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to HA_Chassis */
  readonly ha_chassis: SetColumn<Reference<'HA_Chassis'>>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `BFD`; not in 5.20.0. */
export interface BFDColumns {
  /** string */
  readonly logical_port: ScalarColumn<string>;
  /** string */
  readonly dst_ip: ScalarColumn<string>;
  /** optional integer */
  readonly min_tx: OptionalColumn<Integer>;
  /** optional integer */
  readonly min_rx: OptionalColumn<Integer>;
  /** optional integer */
  readonly detect_mult: OptionalColumn<Integer>;
  /** optional string */
  readonly status: OptionalColumn<'down' | 'init' | 'up' | 'admin_down'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
}

/** Columns of table `Static_MAC_Binding`; not in 5.20.0, 6.1.0. */
export interface StaticMACBindingColumns {
  /** string */
  readonly logical_port: ScalarColumn<string>;
  /** string */
  readonly ip: ScalarColumn<string>;
  /** string */
  readonly mac: ScalarColumn<string>;
  /** boolean */
  readonly override_dynamic_mac: ScalarColumn<boolean>;
}

/** Columns of table `Chassis_Template_Var`; not in 5.20.0, 6.1.0. */
export interface ChassisTemplateVarColumns {
  /** string */
  readonly chassis: ScalarColumn<string>;
  /** map of string to string */
  readonly variables: MapColumn<string, string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Columns of table `Sampling_App`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SamplingAppColumns {
  /** string */
  readonly type: ScalarColumn<'drop' | 'acl-new' | 'acl-est', 'required'>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
}

/** Tables of the database `OVN_Northbound`. */
export interface NorthboundTables {
  readonly NB_Global: NBGlobalColumns;
  readonly Sample_Collector: SampleCollectorColumns;
  readonly Sample: SampleColumns;
  readonly Copp: CoppColumns;
  readonly Logical_Switch: LogicalSwitchColumns;
  readonly Logical_Switch_Port: LogicalSwitchPortColumns;
  readonly Network_Function_Health_Check: NetworkFunctionHealthCheckColumns;
  readonly Network_Function: NetworkFunctionColumns;
  readonly Network_Function_Group: NetworkFunctionGroupColumns;
  readonly Logical_Switch_Port_Health_Check: LogicalSwitchPortHealthCheckColumns;
  readonly Forwarding_Group: ForwardingGroupColumns;
  readonly Address_Set: AddressSetColumns;
  readonly Port_Group: PortGroupColumns;
  readonly Load_Balancer: LoadBalancerColumns;
  readonly Load_Balancer_Group: LoadBalancerGroupColumns;
  readonly Load_Balancer_Health_Check: LoadBalancerHealthCheckColumns;
  readonly ACL: ACLColumns;
  readonly QoS: QoSColumns;
  readonly Mirror: MirrorColumns;
  readonly Mirror_Rule: MirrorRuleColumns;
  readonly Meter: MeterColumns;
  readonly Meter_Band: MeterBandColumns;
  readonly Logical_Router: LogicalRouterColumns;
  readonly Logical_Router_Port: LogicalRouterPortColumns;
  readonly Logical_Router_Static_Route: LogicalRouterStaticRouteColumns;
  readonly Logical_Router_Policy: LogicalRouterPolicyColumns;
  readonly NAT: NATColumns;
  readonly DHCP_Options: DHCPOptionsColumns;
  readonly DHCP_Relay: DHCPRelayColumns;
  readonly Connection: ConnectionColumns;
  readonly DNS: DNSColumns;
  readonly SSL: SSLColumns;
  readonly Gateway_Chassis: GatewayChassisColumns;
  readonly HA_Chassis: HAChassisColumns;
  readonly HA_Chassis_Group: HAChassisGroupColumns;
  readonly BFD: BFDColumns;
  readonly Static_MAC_Binding: StaticMACBindingColumns;
  readonly Chassis_Template_Var: ChassisTemplateVarColumns;
  readonly Sampling_App: SamplingAppColumns;
}

/** A row of table `NB_Global`. */
export type NBGlobalRow = Row<NorthboundTables, 'NB_Global'>;
/** A row of table `Sample_Collector`. */
export type SampleCollectorRow = Row<NorthboundTables, 'Sample_Collector'>;
/** A row of table `Sample`. */
export type SampleRow = Row<NorthboundTables, 'Sample'>;
/** A row of table `Copp`. */
export type CoppRow = Row<NorthboundTables, 'Copp'>;
/** A row of table `Logical_Switch`. */
export type LogicalSwitchRow = Row<NorthboundTables, 'Logical_Switch'>;
/** A row of table `Logical_Switch_Port`. */
export type LogicalSwitchPortRow = Row<NorthboundTables, 'Logical_Switch_Port'>;
/** A row of table `Network_Function_Health_Check`. */
export type NetworkFunctionHealthCheckRow = Row<NorthboundTables, 'Network_Function_Health_Check'>;
/** A row of table `Network_Function`. */
export type NetworkFunctionRow = Row<NorthboundTables, 'Network_Function'>;
/** A row of table `Network_Function_Group`. */
export type NetworkFunctionGroupRow = Row<NorthboundTables, 'Network_Function_Group'>;
/** A row of table `Logical_Switch_Port_Health_Check`. */
export type LogicalSwitchPortHealthCheckRow = Row<NorthboundTables, 'Logical_Switch_Port_Health_Check'>;
/** A row of table `Forwarding_Group`. */
export type ForwardingGroupRow = Row<NorthboundTables, 'Forwarding_Group'>;
/** A row of table `Address_Set`. */
export type AddressSetRow = Row<NorthboundTables, 'Address_Set'>;
/** A row of table `Port_Group`. */
export type PortGroupRow = Row<NorthboundTables, 'Port_Group'>;
/** A row of table `Load_Balancer`. */
export type LoadBalancerRow = Row<NorthboundTables, 'Load_Balancer'>;
/** A row of table `Load_Balancer_Group`. */
export type LoadBalancerGroupRow = Row<NorthboundTables, 'Load_Balancer_Group'>;
/** A row of table `Load_Balancer_Health_Check`. */
export type LoadBalancerHealthCheckRow = Row<NorthboundTables, 'Load_Balancer_Health_Check'>;
/** A row of table `ACL`. */
export type ACLRow = Row<NorthboundTables, 'ACL'>;
/** A row of table `QoS`. */
export type QoSRow = Row<NorthboundTables, 'QoS'>;
/** A row of table `Mirror`. */
export type MirrorRow = Row<NorthboundTables, 'Mirror'>;
/** A row of table `Mirror_Rule`. */
export type MirrorRuleRow = Row<NorthboundTables, 'Mirror_Rule'>;
/** A row of table `Meter`. */
export type MeterRow = Row<NorthboundTables, 'Meter'>;
/** A row of table `Meter_Band`. */
export type MeterBandRow = Row<NorthboundTables, 'Meter_Band'>;
/** A row of table `Logical_Router`. */
export type LogicalRouterRow = Row<NorthboundTables, 'Logical_Router'>;
/** A row of table `Logical_Router_Port`. */
export type LogicalRouterPortRow = Row<NorthboundTables, 'Logical_Router_Port'>;
/** A row of table `Logical_Router_Static_Route`. */
export type LogicalRouterStaticRouteRow = Row<NorthboundTables, 'Logical_Router_Static_Route'>;
/** A row of table `Logical_Router_Policy`. */
export type LogicalRouterPolicyRow = Row<NorthboundTables, 'Logical_Router_Policy'>;
/** A row of table `NAT`. */
export type NATRow = Row<NorthboundTables, 'NAT'>;
/** A row of table `DHCP_Options`. */
export type DHCPOptionsRow = Row<NorthboundTables, 'DHCP_Options'>;
/** A row of table `DHCP_Relay`. */
export type DHCPRelayRow = Row<NorthboundTables, 'DHCP_Relay'>;
/** A row of table `Connection`. */
export type ConnectionRow = Row<NorthboundTables, 'Connection'>;
/** A row of table `DNS`. */
export type DNSRow = Row<NorthboundTables, 'DNS'>;
/** A row of table `SSL`. */
export type SSLRow = Row<NorthboundTables, 'SSL'>;
/** A row of table `Gateway_Chassis`. */
export type GatewayChassisRow = Row<NorthboundTables, 'Gateway_Chassis'>;
/** A row of table `HA_Chassis`. */
export type HAChassisRow = Row<NorthboundTables, 'HA_Chassis'>;
/** A row of table `HA_Chassis_Group`. */
export type HAChassisGroupRow = Row<NorthboundTables, 'HA_Chassis_Group'>;
/** A row of table `BFD`. */
export type BFDRow = Row<NorthboundTables, 'BFD'>;
/** A row of table `Static_MAC_Binding`. */
export type StaticMACBindingRow = Row<NorthboundTables, 'Static_MAC_Binding'>;
/** A row of table `Chassis_Template_Var`. */
export type ChassisTemplateVarRow = Row<NorthboundTables, 'Chassis_Template_Var'>;
/** A row of table `Sampling_App`. */
export type SamplingAppRow = Row<NorthboundTables, 'Sampling_App'>;

/** The schema OVN_Northbound 7.19.0 as data. */
export const northboundSchema: DatabaseSchemaJson = {
  name: "OVN_Northbound",
  version: "7.19.0",
  cksum: "2631744256 45474",
  tables: {
    NB_Global: {
      columns: {
        name: { type: "string" },
        nb_cfg: { type: "integer" },
        nb_cfg_timestamp: { type: "integer" },
        sb_cfg: { type: "integer" },
        sb_cfg_timestamp: { type: "integer" },
        hv_cfg: { type: "integer" },
        hv_cfg_timestamp: { type: "integer" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        connections: { type: { key: { type: "uuid", refTable: "Connection" }, min: 0, max: "unlimited" } },
        ssl: { type: { key: { type: "uuid", refTable: "SSL" }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ipsec: { type: "boolean" },
      },
      maxRows: 1,
      isRoot: true,
    },
    Sample_Collector: {
      columns: {
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        name: { type: "string" },
        probability: { type: { key: { type: "integer", minInteger: 0, maxInteger: 65535 } } },
        set_id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["id"]],
      isRoot: true,
    },
    Sample: {
      columns: {
        collectors: { type: { key: { type: "uuid", refTable: "Sample_Collector" }, min: 0, max: "unlimited" } },
        metadata: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
      },
      indexes: [["metadata"]],
      isRoot: false,
    },
    Copp: {
      columns: {
        name: { type: "string" },
        meters: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Logical_Switch: {
      columns: {
        name: { type: "string" },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" }, min: 0, max: "unlimited" } },
        acls: { type: { key: { type: "uuid", refTable: "ACL" }, min: 0, max: "unlimited" } },
        qos_rules: { type: { key: { type: "uuid", refTable: "QoS" }, min: 0, max: "unlimited" } },
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
        load_balancer_group: { type: { key: { type: "uuid", refTable: "Load_Balancer_Group" }, min: 0, max: "unlimited" } },
        dns_records: { type: { key: { type: "uuid", refTable: "DNS", refType: "weak" }, min: 0, max: "unlimited" } },
        copp: { type: { key: { type: "uuid", refTable: "Copp", refType: "weak" }, min: 0 } },
        other_config: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        forwarding_groups: { type: { key: { type: "uuid", refTable: "Forwarding_Group" }, min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Logical_Switch_Port: {
      columns: {
        name: { type: "string" },
        type: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        parent_name: { type: { key: "string", min: 0 } },
        tag_request: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4095 }, min: 0 } },
        tag: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4095 }, min: 0 } },
        addresses: { type: { key: "string", min: 0, max: "unlimited" } },
        dynamic_addresses: { type: { key: "string", min: 0 } },
        port_security: { type: { key: "string", min: 0, max: "unlimited" } },
        peer: { type: { key: "string", min: 0 } },
        up: { type: { key: "boolean", min: 0 } },
        enabled: { type: { key: "boolean", min: 0 } },
        dhcpv4_options: { type: { key: { type: "uuid", refTable: "DHCP_Options", refType: "weak" }, min: 0 } },
        dhcpv6_options: { type: { key: { type: "uuid", refTable: "DHCP_Options", refType: "weak" }, min: 0 } },
        mirror_rules: { type: { key: { type: "uuid", refTable: "Mirror", refType: "weak" }, min: 0, max: "unlimited" } },
        ha_chassis_group: { type: { key: { type: "uuid", refTable: "HA_Chassis_Group" }, min: 0 } },
        health_checks: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port_Health_Check" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Network_Function_Health_Check: {
      columns: {
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Network_Function: {
      columns: {
        name: { type: "string" },
        outport: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" }, min: 0 } },
        inport: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" } } },
        health_check: { type: { key: { type: "uuid", refTable: "Network_Function_Health_Check" }, min: 0 } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"],["id"]],
      isRoot: true,
    },
    Network_Function_Group: {
      columns: {
        name: { type: "string" },
        fallback: { type: { key: { type: "string", enum: ["set", ["fail-open", "fail-close"]] }, min: 0 } },
        network_function: { type: { key: { type: "uuid", refTable: "Network_Function" }, min: 0, max: "unlimited" } },
        network_function_active: { type: { key: { type: "uuid", refTable: "Network_Function" }, min: 0 } },
        mode: { type: { key: { type: "string", enum: ["set", ["inline", "vtap"]] } } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"],["id"]],
      isRoot: true,
    },
    Logical_Switch_Port_Health_Check: {
      columns: {
        protocol: { type: { key: { type: "string", enum: ["set", ["tcp", "udp", "icmp"]] } } },
        src_ip: { type: "string" },
        port: { type: { key: { type: "integer", minInteger: 0, maxInteger: 65535 } } },
        address: { type: "string" },
        status: { type: { key: { type: "string", enum: ["set", ["online", "offline", "error"]] }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    Forwarding_Group: {
      columns: {
        name: { type: "string" },
        vip: { type: "string" },
        vmac: { type: "string" },
        liveness: { type: "boolean" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        child_port: { type: { key: "string", max: "unlimited" } },
      },
      isRoot: false,
    },
    Address_Set: {
      columns: {
        name: { type: "string" },
        addresses: { type: { key: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Port_Group: {
      columns: {
        name: { type: "string" },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port", refType: "weak" }, min: 0, max: "unlimited" } },
        acls: { type: { key: { type: "uuid", refTable: "ACL" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Load_Balancer: {
      columns: {
        name: { type: "string" },
        vips: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        protocol: { type: { key: { type: "string", enum: ["set", ["tcp", "udp", "sctp"]] }, min: 0 } },
        health_check: { type: { key: { type: "uuid", refTable: "Load_Balancer_Health_Check" }, min: 0, max: "unlimited" } },
        ip_port_mappings: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        selection_fields: { type: { key: { type: "string", enum: ["set", ["eth_src", "eth_dst", "ip_src", "ip_dst", "ipv6_src", "ipv6_dst", "tp_src", "tp_dst"]] }, min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Load_Balancer_Group: {
      columns: {
        name: { type: "string" },
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Load_Balancer_Health_Check: {
      columns: {
        vip: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    ACL: {
      columns: {
        name: { type: { key: { type: "string", maxLength: 63 }, min: 0 } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        direction: { type: { key: { type: "string", enum: ["set", ["from-lport", "to-lport"]] } } },
        match: { type: "string" },
        action: { type: { key: { type: "string", enum: ["set", ["allow", "allow-related", "allow-stateless", "drop", "reject", "pass"]] } } },
        network_function_group: { type: { key: { type: "uuid", refTable: "Network_Function_Group" }, min: 0 } },
        log: { type: "boolean" },
        severity: { type: { key: { type: "string", enum: ["set", ["alert", "warning", "notice", "info", "debug"]] }, min: 0 } },
        meter: { type: { key: "string", min: 0 } },
        label: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4294967295 } } },
        tier: { type: { key: { type: "integer", minInteger: 0, maxInteger: 3 } } },
        sample_new: { type: { key: { type: "uuid", refTable: "Sample" }, min: 0 } },
        sample_est: { type: { key: { type: "uuid", refTable: "Sample" }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    QoS: {
      columns: {
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        direction: { type: { key: { type: "string", enum: ["set", ["from-lport", "to-lport"]] } } },
        match: { type: "string" },
        action: { type: { key: { type: "string", enum: ["set", ["dscp", "mark"]] }, value: { type: "integer", minInteger: 0, maxInteger: 4294967295 }, min: 0, max: "unlimited" } },
        bandwidth: { type: { key: { type: "string", enum: ["set", ["rate", "burst"]] }, value: { type: "integer", minInteger: 1, maxInteger: 4294967295 }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    Mirror: {
      columns: {
        name: { type: "string" },
        filter: { type: { key: { type: "string", enum: ["set", ["from-lport", "to-lport", "both"]] } } },
        sink: { type: "string" },
        type: { type: { key: { type: "string", enum: ["set", ["gre", "erspan", "local", "lport"]] } } },
        index: { type: "integer" },
        mirror_rules: { type: { key: { type: "uuid", refTable: "Mirror_Rule" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Mirror_Rule: {
      columns: {
        match: { type: "string" },
        action: { type: { key: { type: "string", enum: ["set", ["mirror", "skip"]] } } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      isRoot: false,
    },
    Meter: {
      columns: {
        name: { type: "string" },
        unit: { type: { key: { type: "string", enum: ["set", ["kbps", "pktps"]] } } },
        bands: { type: { key: { type: "uuid", refTable: "Meter_Band" }, max: "unlimited" } },
        fair: { type: { key: "boolean", min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Meter_Band: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["drop"]] } } },
        rate: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
        burst_size: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4294967295 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    Logical_Router: {
      columns: {
        name: { type: "string" },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Router_Port" }, min: 0, max: "unlimited" } },
        static_routes: { type: { key: { type: "uuid", refTable: "Logical_Router_Static_Route" }, min: 0, max: "unlimited" } },
        policies: { type: { key: { type: "uuid", refTable: "Logical_Router_Policy" }, min: 0, max: "unlimited" } },
        enabled: { type: { key: "boolean", min: 0 } },
        nat: { type: { key: { type: "uuid", refTable: "NAT" }, min: 0, max: "unlimited" } },
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
        load_balancer_group: { type: { key: { type: "uuid", refTable: "Load_Balancer_Group" }, min: 0, max: "unlimited" } },
        copp: { type: { key: { type: "uuid", refTable: "Copp", refType: "weak" }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Logical_Router_Port: {
      columns: {
        name: { type: "string" },
        gateway_chassis: { type: { key: { type: "uuid", refTable: "Gateway_Chassis" }, min: 0, max: "unlimited" } },
        ha_chassis_group: { type: { key: { type: "uuid", refTable: "HA_Chassis_Group" }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        networks: { type: { key: "string", min: 0, max: "unlimited" } },
        mac: { type: "string" },
        peer: { type: { key: "string", min: 0 } },
        enabled: { type: { key: "boolean", min: 0 } },
        ipv6_ra_configs: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ipv6_prefix: { type: { key: "string", min: 0, max: "unlimited" } },
        dhcp_relay: { type: { key: { type: "uuid", refTable: "DHCP_Relay" }, min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        status: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Logical_Router_Static_Route: {
      columns: {
        route_table: { type: "string" },
        ip_prefix: { type: "string" },
        policy: { type: { key: { type: "string", enum: ["set", ["src-ip", "dst-ip"]] }, min: 0 } },
        nexthop: { type: "string" },
        output_port: { type: { key: "string", min: 0 } },
        bfd: { type: { key: { type: "uuid", refTable: "BFD", refType: "weak" }, min: 0 } },
        selection_fields: { type: { key: { type: "string", enum: ["set", ["eth_src", "eth_dst", "ip_proto", "ip_src", "ip_dst", "ipv6_src", "ipv6_dst", "tp_src", "tp_dst"]] }, min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    Logical_Router_Policy: {
      columns: {
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        chain: { type: { key: "string", min: 0 } },
        match: { type: "string" },
        action: { type: { key: { type: "string", enum: ["set", ["allow", "drop", "reroute", "jump"]] } } },
        jump_chain: { type: { key: "string", min: 0 } },
        nexthop: { type: { key: "string", min: 0 } },
        nexthops: { type: { key: "string", min: 0, max: "unlimited" } },
        output_port: { type: { key: { type: "uuid", refTable: "Logical_Router_Port", refType: "weak" }, min: 0 } },
        bfd_sessions: { type: { key: { type: "uuid", refTable: "BFD", refType: "weak" }, min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    NAT: {
      columns: {
        external_ip: { type: "string" },
        external_mac: { type: { key: "string", min: 0 } },
        external_port_range: { type: "string" },
        logical_ip: { type: "string" },
        logical_port: { type: { key: "string", min: 0 } },
        type: { type: { key: { type: "string", enum: ["set", ["dnat", "snat", "dnat_and_snat"]] } } },
        allowed_ext_ips: { type: { key: { type: "uuid", refTable: "Address_Set" }, min: 0 } },
        exempted_ext_ips: { type: { key: { type: "uuid", refTable: "Address_Set" }, min: 0 } },
        gateway_port: { type: { key: { type: "uuid", refTable: "Logical_Router_Port", refType: "weak" }, min: 0 } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        match: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    DHCP_Options: {
      columns: {
        cidr: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    DHCP_Relay: {
      columns: {
        name: { type: "string" },
        servers: { type: { key: "string", min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Connection: {
      columns: {
        target: { type: "string" },
        max_backoff: { type: { key: { type: "integer", minInteger: 1000 }, min: 0 } },
        inactivity_probe: { type: { key: "integer", min: 0 } },
        other_config: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        is_connected: { type: "boolean", ephemeral: true },
        status: { type: { key: "string", value: "string", min: 0, max: "unlimited" }, ephemeral: true },
      },
      indexes: [["target"]],
      isRoot: false,
    },
    DNS: {
      columns: {
        records: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    SSL: {
      columns: {
        private_key: { type: "string" },
        certificate: { type: "string" },
        ca_cert: { type: "string" },
        bootstrap_ca_cert: { type: "boolean" },
        ssl_protocols: { type: "string" },
        ssl_ciphers: { type: "string" },
        ssl_ciphersuites: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      maxRows: 1,
      isRoot: false,
    },
    Gateway_Chassis: {
      columns: {
        name: { type: "string" },
        chassis_name: { type: "string" },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    HA_Chassis: {
      columns: {
        chassis_name: { type: "string" },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    HA_Chassis_Group: {
      columns: {
        name: { type: "string" },
        ha_chassis: { type: { key: { type: "uuid", refTable: "HA_Chassis" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    BFD: {
      columns: {
        logical_port: { type: "string" },
        dst_ip: { type: "string" },
        min_tx: { type: { key: { type: "integer", minInteger: 1 }, min: 0 } },
        min_rx: { type: { key: "integer", min: 0 } },
        detect_mult: { type: { key: { type: "integer", minInteger: 1 }, min: 0 } },
        status: { type: { key: { type: "string", enum: ["set", ["down", "init", "up", "admin_down"]] }, min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["logical_port","dst_ip"]],
      isRoot: true,
    },
    Static_MAC_Binding: {
      columns: {
        logical_port: { type: "string" },
        ip: { type: "string" },
        mac: { type: "string" },
        override_dynamic_mac: { type: "boolean" },
      },
      indexes: [["logical_port","ip"]],
      isRoot: true,
    },
    Chassis_Template_Var: {
      columns: {
        chassis: { type: "string" },
        variables: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["chassis"]],
      isRoot: true,
    },
    Sampling_App: {
      columns: {
        type: { type: { key: { type: "string", enum: ["set", ["drop", "acl-new", "acl-est"]] } } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["type"]],
      isRoot: true,
    },
  },
};
