// Generated from the schema OVN_Northbound 7.19.0, with regard to 5.20.0, 6.1.0, 7.3.0, 7.11.0 by `ovn-northbound generate`. Do not edit.
import type { DatabaseSchemaJson, Integer, MapColumn, OptionalColumn, Reference, Row, ScalarColumn, SetColumn } from '../schema/types.js';

/** Columns of table `ACL`; a row lives only while a strong reference points to it. */
export interface ACLColumns {
  /** string */
  readonly action: ScalarColumn<'allow' | 'allow-related' | 'allow-stateless' | 'drop' | 'pass' | 'reject', 'required'>;
  /** string */
  readonly direction: ScalarColumn<'from-lport' | 'to-lport', 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer; not in 5.20.0 */
  readonly label: ScalarColumn<number, 'newer'>;
  /** boolean */
  readonly log: ScalarColumn<boolean>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** optional string */
  readonly meter: OptionalColumn<string>;
  /** optional string */
  readonly name: OptionalColumn<string>;
  /** optional reference to Network_Function_Group; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly network_function_group: OptionalColumn<Reference<'Network_Function_Group'>, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** integer */
  readonly priority: ScalarColumn<number>;
  /** optional reference to Sample; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly sample_est: OptionalColumn<Reference<'Sample'>, 'newer'>;
  /** optional reference to Sample; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly sample_new: OptionalColumn<Reference<'Sample'>, 'newer'>;
  /** optional string */
  readonly severity: OptionalColumn<'alert' | 'debug' | 'info' | 'notice' | 'warning'>;
  /** integer; not in 5.20.0, 6.1.0 */
  readonly tier: ScalarColumn<number, 'newer'>;
}

/** Columns of table `Address_Set`. */
export interface AddressSetColumns {
  /** set of string */
  readonly addresses: SetColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly options: MapColumn<string, string, 'newer'>;
}

/** Columns of table `BFD`; not in 5.20.0. */
export interface BFDColumns {
  /** optional integer */
  readonly detect_mult: OptionalColumn<Integer>;
  /** string */
  readonly dst_ip: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly logical_port: ScalarColumn<string>;
  /** optional integer */
  readonly min_rx: OptionalColumn<Integer>;
  /** optional integer */
  readonly min_tx: OptionalColumn<Integer>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** optional string */
  readonly status: OptionalColumn<'admin_down' | 'down' | 'init' | 'up'>;
}

/** Columns of table `Chassis_Template_Var`; not in 5.20.0, 6.1.0. */
export interface ChassisTemplateVarColumns {
  /** string */
  readonly chassis: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly variables: MapColumn<string, string>;
}

/** Columns of table `Connection`; a row lives only while a strong reference points to it. */
export interface ConnectionColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** optional integer */
  readonly inactivity_probe: OptionalColumn<Integer>;
  /** boolean, ephemeral */
  readonly is_connected: ScalarColumn<boolean>;
  /** optional integer */
  readonly max_backoff: OptionalColumn<Integer>;
  /** map of string to string */
  readonly other_config: MapColumn<string, string>;
  /** map of string to string, ephemeral */
  readonly status: MapColumn<string, string>;
  /** string */
  readonly target: ScalarColumn<string>;
}

/** Columns of table `Copp`; not in 5.20.0. */
export interface CoppColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly meters: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
}

/** Columns of table `DHCP_Options`. */
export interface DHCPOptionsColumns {
  /** string */
  readonly cidr: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
}

/** Columns of table `DHCP_Relay`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface DHCPRelayColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** optional string */
  readonly servers: OptionalColumn<string>;
}

/** Columns of table `DNS`. */
export interface DNSColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string; not in 5.20.0, 6.1.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** map of string to string */
  readonly records: MapColumn<string, string>;
}

/** Columns of table `Forwarding_Group`; a row lives only while a strong reference points to it. */
export interface ForwardingGroupColumns {
  /** set of string */
  readonly child_port: SetColumn<string>;
  /** map of string to string; not in 5.20.0 */
  readonly external_ids: MapColumn<string, string, 'newer'>;
  /** boolean */
  readonly liveness: ScalarColumn<boolean>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly vip: ScalarColumn<string>;
  /** string */
  readonly vmac: ScalarColumn<string>;
}

/** Columns of table `Gateway_Chassis`; a row lives only while a strong reference points to it. */
export interface GatewayChassisColumns {
  /** string */
  readonly chassis_name: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `HA_Chassis`; a row lives only while a strong reference points to it. */
export interface HAChassisColumns {
  /** string */
  readonly chassis_name: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `HA_Chassis_Group`. */
export interface HAChassisGroupColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to HA_Chassis */
  readonly ha_chassis: SetColumn<Reference<'HA_Chassis'>>;
  /** string */
  readonly name: ScalarColumn<string>;
}

/** Columns of table `Load_Balancer`. */
export interface LoadBalancerColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to Load_Balancer_Health_Check */
  readonly health_check: SetColumn<Reference<'Load_Balancer_Health_Check'>>;
  /** map of string to string */
  readonly ip_port_mappings: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** optional string */
  readonly protocol: OptionalColumn<'sctp' | 'tcp' | 'udp'>;
  /** set of string; not in 5.20.0 */
  readonly selection_fields: SetColumn<'eth_dst' | 'eth_src' | 'ip_dst' | 'ip_src' | 'ipv6_dst' | 'ipv6_src' | 'tp_dst' | 'tp_src', 'newer'>;
  /** map of string to string */
  readonly vips: MapColumn<string, string>;
}

/** Columns of table `Load_Balancer_Group`; not in 5.20.0. */
export interface LoadBalancerGroupColumns {
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
  /** string */
  readonly name: ScalarColumn<string>;
}

/** Columns of table `Load_Balancer_Health_Check`; a row lives only while a strong reference points to it. */
export interface LoadBalancerHealthCheckColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** string */
  readonly vip: ScalarColumn<string>;
}

/** Columns of table `Logical_Router`. */
export interface LogicalRouterColumns {
  /** optional weak reference to Copp; not in 5.20.0 */
  readonly copp: OptionalColumn<Reference<'Copp'>, 'newer'>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
  /** set of references to Load_Balancer_Group; not in 5.20.0 */
  readonly load_balancer_group: SetColumn<Reference<'Load_Balancer_Group'>, 'newer'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to NAT */
  readonly nat: SetColumn<Reference<'NAT'>>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** set of references to Logical_Router_Policy */
  readonly policies: SetColumn<Reference<'Logical_Router_Policy'>>;
  /** set of references to Logical_Router_Port */
  readonly ports: SetColumn<Reference<'Logical_Router_Port'>>;
  /** set of references to Logical_Router_Static_Route */
  readonly static_routes: SetColumn<Reference<'Logical_Router_Static_Route'>>;
}

/** Columns of table `Logical_Router_Policy`; a row lives only while a strong reference points to it. */
export interface LogicalRouterPolicyColumns {
  /** string */
  readonly action: ScalarColumn<'allow' | 'drop' | 'jump' | 'reroute', 'required'>;
  /** set of weak references to BFD; not in 5.20.0, 6.1.0 */
  readonly bfd_sessions: SetColumn<Reference<'BFD'>, 'newer'>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly chain: OptionalColumn<string, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly external_ids: MapColumn<string, string, 'newer'>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly jump_chain: OptionalColumn<string, 'newer'>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** optional string */
  readonly nexthop: OptionalColumn<string>;
  /** set of string; not in 5.20.0 */
  readonly nexthops: SetColumn<string, 'newer'>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** optional weak reference to Logical_Router_Port; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly output_port: OptionalColumn<Reference<'Logical_Router_Port'>, 'newer'>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `Logical_Router_Port`; a row lives only while a strong reference points to it. */
export interface LogicalRouterPortColumns {
  /** optional reference to DHCP_Relay; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly dhcp_relay: OptionalColumn<Reference<'DHCP_Relay'>, 'newer'>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to Gateway_Chassis */
  readonly gateway_chassis: SetColumn<Reference<'Gateway_Chassis'>>;
  /** optional reference to HA_Chassis_Group */
  readonly ha_chassis_group: OptionalColumn<Reference<'HA_Chassis_Group'>>;
  /** set of string; not in 5.20.0 */
  readonly ipv6_prefix: SetColumn<string, 'newer'>;
  /** map of string to string */
  readonly ipv6_ra_configs: MapColumn<string, string>;
  /** string */
  readonly mac: ScalarColumn<string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of string */
  readonly networks: SetColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** optional string */
  readonly peer: OptionalColumn<string>;
  /** map of string to string; not in 5.20.0, 6.1.0 */
  readonly status: MapColumn<string, string, 'newer'>;
}

/** Columns of table `Logical_Router_Static_Route`; a row lives only while a strong reference points to it. */
export interface LogicalRouterStaticRouteColumns {
  /** optional weak reference to BFD; not in 5.20.0 */
  readonly bfd: OptionalColumn<Reference<'BFD'>, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly ip_prefix: ScalarColumn<string>;
  /** string */
  readonly nexthop: ScalarColumn<string>;
  /** map of string to string; not in 5.20.0 */
  readonly options: MapColumn<string, string, 'newer'>;
  /** optional string */
  readonly output_port: OptionalColumn<string>;
  /** optional string */
  readonly policy: OptionalColumn<'dst-ip' | 'src-ip'>;
  /** string; not in 5.20.0 */
  readonly route_table: ScalarColumn<string, 'newer'>;
  /** set of string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly selection_fields: SetColumn<'eth_dst' | 'eth_src' | 'ip_dst' | 'ip_proto' | 'ip_src' | 'ipv6_dst' | 'ipv6_src' | 'tp_dst' | 'tp_src', 'newer'>;
}

/** Columns of table `Logical_Switch`. */
export interface LogicalSwitchColumns {
  /** set of references to ACL */
  readonly acls: SetColumn<Reference<'ACL'>>;
  /** optional weak reference to Copp; not in 5.20.0 */
  readonly copp: OptionalColumn<Reference<'Copp'>, 'newer'>;
  /** set of weak references to DNS */
  readonly dns_records: SetColumn<Reference<'DNS'>>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** set of references to Forwarding_Group */
  readonly forwarding_groups: SetColumn<Reference<'Forwarding_Group'>>;
  /** set of weak references to Load_Balancer */
  readonly load_balancer: SetColumn<Reference<'Load_Balancer'>>;
  /** set of references to Load_Balancer_Group; not in 5.20.0 */
  readonly load_balancer_group: SetColumn<Reference<'Load_Balancer_Group'>, 'newer'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly other_config: MapColumn<string, string>;
  /** set of references to Logical_Switch_Port */
  readonly ports: SetColumn<Reference<'Logical_Switch_Port'>>;
  /** set of references to QoS */
  readonly qos_rules: SetColumn<Reference<'QoS'>>;
}

/** Columns of table `Logical_Switch_Port`; a row lives only while a strong reference points to it. */
export interface LogicalSwitchPortColumns {
  /** set of string */
  readonly addresses: SetColumn<string>;
  /** optional weak reference to DHCP_Options */
  readonly dhcpv4_options: OptionalColumn<Reference<'DHCP_Options'>>;
  /** optional weak reference to DHCP_Options */
  readonly dhcpv6_options: OptionalColumn<Reference<'DHCP_Options'>>;
  /** optional string */
  readonly dynamic_addresses: OptionalColumn<string>;
  /** optional boolean */
  readonly enabled: OptionalColumn<boolean>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** optional reference to HA_Chassis_Group */
  readonly ha_chassis_group: OptionalColumn<Reference<'HA_Chassis_Group'>>;
  /** set of references to Logical_Switch_Port_Health_Check; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0 */
  readonly health_checks: SetColumn<Reference<'Logical_Switch_Port_Health_Check'>, 'newer'>;
  /** set of weak references to Mirror; not in 5.20.0, 6.1.0 */
  readonly mirror_rules: SetColumn<Reference<'Mirror'>, 'newer'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** optional string */
  readonly parent_name: OptionalColumn<string>;
  /** optional string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly peer: OptionalColumn<string, 'newer'>;
  /** set of string */
  readonly port_security: SetColumn<string>;
  /** optional integer */
  readonly tag: OptionalColumn<number>;
  /** optional integer */
  readonly tag_request: OptionalColumn<number>;
  /** string */
  readonly type: ScalarColumn<string>;
  /** optional boolean */
  readonly up: OptionalColumn<boolean>;
}

/** Columns of table `Logical_Switch_Port_Health_Check`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface LogicalSwitchPortHealthCheckColumns {
  /** string */
  readonly address: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** integer */
  readonly port: ScalarColumn<number>;
  /** string */
  readonly protocol: ScalarColumn<'icmp' | 'tcp' | 'udp', 'required'>;
  /** string */
  readonly src_ip: ScalarColumn<string>;
  /** optional string */
  readonly status: OptionalColumn<'error' | 'offline' | 'online'>;
}

/** Columns of table `Meter`. */
export interface MeterColumns {
  /** set of references to Meter_Band */
  readonly bands: SetColumn<Reference<'Meter_Band'>, 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** optional boolean; not in 5.20.0 */
  readonly fair: OptionalColumn<boolean, 'newer'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly unit: ScalarColumn<'kbps' | 'pktps', 'required'>;
}

/** Columns of table `Meter_Band`; a row lives only while a strong reference points to it. */
export interface MeterBandColumns {
  /** string */
  readonly action: ScalarColumn<'drop', 'required'>;
  /** integer */
  readonly burst_size: ScalarColumn<number>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer */
  readonly rate: ScalarColumn<number, 'required'>;
}

/** Columns of table `Mirror`; not in 5.20.0, 6.1.0. */
export interface MirrorColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly filter: ScalarColumn<'both' | 'from-lport' | 'to-lport', 'required'>;
  /** integer */
  readonly index: ScalarColumn<Integer>;
  /** set of references to Mirror_Rule; not in 7.3.0, 7.11.0 */
  readonly mirror_rules: SetColumn<Reference<'Mirror_Rule'>, 'newer'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** string */
  readonly sink: ScalarColumn<string>;
  /** string */
  readonly type: ScalarColumn<'erspan' | 'gre' | 'local' | 'lport', 'required'>;
}

/** Columns of table `Mirror_Rule`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface MirrorRuleColumns {
  /** string */
  readonly action: ScalarColumn<'mirror' | 'skip', 'required'>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `NAT`; a row lives only while a strong reference points to it. */
export interface NATColumns {
  /** optional reference to Address_Set; not in 5.20.0 */
  readonly allowed_ext_ips: OptionalColumn<Reference<'Address_Set'>, 'newer'>;
  /** optional reference to Address_Set; not in 5.20.0 */
  readonly exempted_ext_ips: OptionalColumn<Reference<'Address_Set'>, 'newer'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly external_ip: ScalarColumn<string>;
  /** optional string */
  readonly external_mac: OptionalColumn<string>;
  /** string; not in 5.20.0 */
  readonly external_port_range: ScalarColumn<string, 'newer'>;
  /** optional weak reference to Logical_Router_Port; not in 5.20.0, 6.1.0 */
  readonly gateway_port: OptionalColumn<Reference<'Logical_Router_Port'>, 'newer'>;
  /** string */
  readonly logical_ip: ScalarColumn<string>;
  /** optional string */
  readonly logical_port: OptionalColumn<string>;
  /** string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly match: ScalarColumn<string, 'newer'>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** integer; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly priority: ScalarColumn<number, 'newer'>;
  /** string */
  readonly type: ScalarColumn<'dnat' | 'dnat_and_snat' | 'snat', 'required'>;
}

/** Columns of table `NB_Global`; at most 1 row. */
export interface NBGlobalColumns {
  /** set of references to Connection */
  readonly connections: SetColumn<Reference<'Connection'>>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer */
  readonly hv_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly hv_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** boolean */
  readonly ipsec: ScalarColumn<boolean>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** integer */
  readonly nb_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly nb_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
  /** integer */
  readonly sb_cfg: ScalarColumn<Integer>;
  /** integer; not in 5.20.0 */
  readonly sb_cfg_timestamp: ScalarColumn<Integer, 'newer'>;
  /** optional reference to SSL */
  readonly ssl: OptionalColumn<Reference<'SSL'>>;
}

/** Columns of table `Network_Function`; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** optional reference to Network_Function_Health_Check */
  readonly health_check: OptionalColumn<Reference<'Network_Function_Health_Check'>>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** reference to Logical_Switch_Port */
  readonly inport: ScalarColumn<Reference<'Logical_Switch_Port'>, 'required'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** optional reference to Logical_Switch_Port */
  readonly outport: OptionalColumn<Reference<'Logical_Switch_Port'>>;
}

/** Columns of table `Network_Function_Group`; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionGroupColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** optional string */
  readonly fallback: OptionalColumn<'fail-close' | 'fail-open'>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** string */
  readonly mode: ScalarColumn<'inline' | 'vtap', 'required'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of references to Network_Function */
  readonly network_function: SetColumn<Reference<'Network_Function'>>;
  /** optional reference to Network_Function */
  readonly network_function_active: OptionalColumn<Reference<'Network_Function'>>;
}

/** Columns of table `Network_Function_Health_Check`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0, 7.11.0. */
export interface NetworkFunctionHealthCheckColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** map of string to string */
  readonly options: MapColumn<string, string>;
}

/** Columns of table `Port_Group`. */
export interface PortGroupColumns {
  /** set of references to ACL */
  readonly acls: SetColumn<Reference<'ACL'>>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** set of weak references to Logical_Switch_Port */
  readonly ports: SetColumn<Reference<'Logical_Switch_Port'>>;
}

/** Columns of table `QoS`; a row lives only while a strong reference points to it. */
export interface QoSColumns {
  /** map of string to integer */
  readonly action: MapColumn<'dscp' | 'mark', number>;
  /** map of string to integer */
  readonly bandwidth: MapColumn<'burst' | 'rate', number>;
  /** string */
  readonly direction: ScalarColumn<'from-lport' | 'to-lport', 'required'>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly match: ScalarColumn<string>;
  /** integer */
  readonly priority: ScalarColumn<number>;
}

/** Columns of table `SSL`; a row lives only while a strong reference points to it; at most 1 row. */
export interface SSLColumns {
  /** boolean */
  readonly bootstrap_ca_cert: ScalarColumn<boolean>;
  /** string */
  readonly ca_cert: ScalarColumn<string>;
  /** string */
  readonly certificate: ScalarColumn<string>;
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** string */
  readonly private_key: ScalarColumn<string>;
  /** string */
  readonly ssl_ciphers: ScalarColumn<string>;
  /** string; not in 5.20.0, 6.1.0, 7.3.0 */
  readonly ssl_ciphersuites: ScalarColumn<string, 'newer'>;
  /** string */
  readonly ssl_protocols: ScalarColumn<string>;
}

/** Columns of table `Sample`; a row lives only while a strong reference points to it; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SampleColumns {
  /** set of references to Sample_Collector */
  readonly collectors: SetColumn<Reference<'Sample_Collector'>>;
  /** integer */
  readonly metadata: ScalarColumn<number, 'required'>;
}

/** Columns of table `Sample_Collector`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SampleCollectorColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** string */
  readonly name: ScalarColumn<string>;
  /** integer */
  readonly probability: ScalarColumn<number>;
  /** integer */
  readonly set_id: ScalarColumn<number, 'required'>;
}

/** Columns of table `Sampling_App`; not in 5.20.0, 6.1.0, 7.3.0. */
export interface SamplingAppColumns {
  /** map of string to string */
  readonly external_ids: MapColumn<string, string>;
  /** integer */
  readonly id: ScalarColumn<number, 'required'>;
  /** string */
  readonly type: ScalarColumn<'acl-est' | 'acl-new' | 'drop', 'required'>;
}

/** Columns of table `Static_MAC_Binding`; not in 5.20.0, 6.1.0. */
export interface StaticMACBindingColumns {
  /** string */
  readonly ip: ScalarColumn<string>;
  /** string */
  readonly logical_port: ScalarColumn<string>;
  /** string */
  readonly mac: ScalarColumn<string>;
  /** boolean */
  readonly override_dynamic_mac: ScalarColumn<boolean>;
}

/** Tables of the database `OVN_Northbound`. */
export interface NorthboundTables {
  readonly ACL: ACLColumns;
  readonly Address_Set: AddressSetColumns;
  readonly BFD: BFDColumns;
  readonly Chassis_Template_Var: ChassisTemplateVarColumns;
  readonly Connection: ConnectionColumns;
  readonly Copp: CoppColumns;
  readonly DHCP_Options: DHCPOptionsColumns;
  readonly DHCP_Relay: DHCPRelayColumns;
  readonly DNS: DNSColumns;
  readonly Forwarding_Group: ForwardingGroupColumns;
  readonly Gateway_Chassis: GatewayChassisColumns;
  readonly HA_Chassis: HAChassisColumns;
  readonly HA_Chassis_Group: HAChassisGroupColumns;
  readonly Load_Balancer: LoadBalancerColumns;
  readonly Load_Balancer_Group: LoadBalancerGroupColumns;
  readonly Load_Balancer_Health_Check: LoadBalancerHealthCheckColumns;
  readonly Logical_Router: LogicalRouterColumns;
  readonly Logical_Router_Policy: LogicalRouterPolicyColumns;
  readonly Logical_Router_Port: LogicalRouterPortColumns;
  readonly Logical_Router_Static_Route: LogicalRouterStaticRouteColumns;
  readonly Logical_Switch: LogicalSwitchColumns;
  readonly Logical_Switch_Port: LogicalSwitchPortColumns;
  readonly Logical_Switch_Port_Health_Check: LogicalSwitchPortHealthCheckColumns;
  readonly Meter: MeterColumns;
  readonly Meter_Band: MeterBandColumns;
  readonly Mirror: MirrorColumns;
  readonly Mirror_Rule: MirrorRuleColumns;
  readonly NAT: NATColumns;
  readonly NB_Global: NBGlobalColumns;
  readonly Network_Function: NetworkFunctionColumns;
  readonly Network_Function_Group: NetworkFunctionGroupColumns;
  readonly Network_Function_Health_Check: NetworkFunctionHealthCheckColumns;
  readonly Port_Group: PortGroupColumns;
  readonly QoS: QoSColumns;
  readonly SSL: SSLColumns;
  readonly Sample: SampleColumns;
  readonly Sample_Collector: SampleCollectorColumns;
  readonly Sampling_App: SamplingAppColumns;
  readonly Static_MAC_Binding: StaticMACBindingColumns;
}

/** A row of table `ACL`. */
export type ACLRow = Row<NorthboundTables, 'ACL'>;
/** A row of table `Address_Set`. */
export type AddressSetRow = Row<NorthboundTables, 'Address_Set'>;
/** A row of table `BFD`. */
export type BFDRow = Row<NorthboundTables, 'BFD'>;
/** A row of table `Chassis_Template_Var`. */
export type ChassisTemplateVarRow = Row<NorthboundTables, 'Chassis_Template_Var'>;
/** A row of table `Connection`. */
export type ConnectionRow = Row<NorthboundTables, 'Connection'>;
/** A row of table `Copp`. */
export type CoppRow = Row<NorthboundTables, 'Copp'>;
/** A row of table `DHCP_Options`. */
export type DHCPOptionsRow = Row<NorthboundTables, 'DHCP_Options'>;
/** A row of table `DHCP_Relay`. */
export type DHCPRelayRow = Row<NorthboundTables, 'DHCP_Relay'>;
/** A row of table `DNS`. */
export type DNSRow = Row<NorthboundTables, 'DNS'>;
/** A row of table `Forwarding_Group`. */
export type ForwardingGroupRow = Row<NorthboundTables, 'Forwarding_Group'>;
/** A row of table `Gateway_Chassis`. */
export type GatewayChassisRow = Row<NorthboundTables, 'Gateway_Chassis'>;
/** A row of table `HA_Chassis`. */
export type HAChassisRow = Row<NorthboundTables, 'HA_Chassis'>;
/** A row of table `HA_Chassis_Group`. */
export type HAChassisGroupRow = Row<NorthboundTables, 'HA_Chassis_Group'>;
/** A row of table `Load_Balancer`. */
export type LoadBalancerRow = Row<NorthboundTables, 'Load_Balancer'>;
/** A row of table `Load_Balancer_Group`. */
export type LoadBalancerGroupRow = Row<NorthboundTables, 'Load_Balancer_Group'>;
/** A row of table `Load_Balancer_Health_Check`. */
export type LoadBalancerHealthCheckRow = Row<NorthboundTables, 'Load_Balancer_Health_Check'>;
/** A row of table `Logical_Router`. */
export type LogicalRouterRow = Row<NorthboundTables, 'Logical_Router'>;
/** A row of table `Logical_Router_Policy`. */
export type LogicalRouterPolicyRow = Row<NorthboundTables, 'Logical_Router_Policy'>;
/** A row of table `Logical_Router_Port`. */
export type LogicalRouterPortRow = Row<NorthboundTables, 'Logical_Router_Port'>;
/** A row of table `Logical_Router_Static_Route`. */
export type LogicalRouterStaticRouteRow = Row<NorthboundTables, 'Logical_Router_Static_Route'>;
/** A row of table `Logical_Switch`. */
export type LogicalSwitchRow = Row<NorthboundTables, 'Logical_Switch'>;
/** A row of table `Logical_Switch_Port`. */
export type LogicalSwitchPortRow = Row<NorthboundTables, 'Logical_Switch_Port'>;
/** A row of table `Logical_Switch_Port_Health_Check`. */
export type LogicalSwitchPortHealthCheckRow = Row<NorthboundTables, 'Logical_Switch_Port_Health_Check'>;
/** A row of table `Meter`. */
export type MeterRow = Row<NorthboundTables, 'Meter'>;
/** A row of table `Meter_Band`. */
export type MeterBandRow = Row<NorthboundTables, 'Meter_Band'>;
/** A row of table `Mirror`. */
export type MirrorRow = Row<NorthboundTables, 'Mirror'>;
/** A row of table `Mirror_Rule`. */
export type MirrorRuleRow = Row<NorthboundTables, 'Mirror_Rule'>;
/** A row of table `NAT`. */
export type NATRow = Row<NorthboundTables, 'NAT'>;
/** A row of table `NB_Global`. */
export type NBGlobalRow = Row<NorthboundTables, 'NB_Global'>;
/** A row of table `Network_Function`. */
export type NetworkFunctionRow = Row<NorthboundTables, 'Network_Function'>;
/** A row of table `Network_Function_Group`. */
export type NetworkFunctionGroupRow = Row<NorthboundTables, 'Network_Function_Group'>;
/** A row of table `Network_Function_Health_Check`. */
export type NetworkFunctionHealthCheckRow = Row<NorthboundTables, 'Network_Function_Health_Check'>;
/** A row of table `Port_Group`. */
export type PortGroupRow = Row<NorthboundTables, 'Port_Group'>;
/** A row of table `QoS`. */
export type QoSRow = Row<NorthboundTables, 'QoS'>;
/** A row of table `SSL`. */
export type SSLRow = Row<NorthboundTables, 'SSL'>;
/** A row of table `Sample`. */
export type SampleRow = Row<NorthboundTables, 'Sample'>;
/** A row of table `Sample_Collector`. */
export type SampleCollectorRow = Row<NorthboundTables, 'Sample_Collector'>;
/** A row of table `Sampling_App`. */
export type SamplingAppRow = Row<NorthboundTables, 'Sampling_App'>;
/** A row of table `Static_MAC_Binding`. */
export type StaticMACBindingRow = Row<NorthboundTables, 'Static_MAC_Binding'>;

/** The schema OVN_Northbound 7.19.0 as data. */
export const northboundSchema: DatabaseSchemaJson = {
  name: "OVN_Northbound",
  version: "7.19.0",
  cksum: "2631744256 45474",
  tables: {
    ACL: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["allow", "allow-related", "allow-stateless", "drop", "pass", "reject"]] } } },
        direction: { type: { key: { type: "string", enum: ["set", ["from-lport", "to-lport"]] } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        label: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4294967295 } } },
        log: { type: "boolean" },
        match: { type: "string" },
        meter: { type: { key: "string", min: 0 } },
        name: { type: { key: { type: "string", maxLength: 63 }, min: 0 } },
        network_function_group: { type: { key: { type: "uuid", refTable: "Network_Function_Group" }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        sample_est: { type: { key: { type: "uuid", refTable: "Sample" }, min: 0 } },
        sample_new: { type: { key: { type: "uuid", refTable: "Sample" }, min: 0 } },
        severity: { type: { key: { type: "string", enum: ["set", ["alert", "debug", "info", "notice", "warning"]] }, min: 0 } },
        tier: { type: { key: { type: "integer", minInteger: 0, maxInteger: 3 } } },
      },
      isRoot: false,
    },
    Address_Set: {
      columns: {
        addresses: { type: { key: "string", min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    BFD: {
      columns: {
        detect_mult: { type: { key: { type: "integer", minInteger: 1 }, min: 0 } },
        dst_ip: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        logical_port: { type: "string" },
        min_rx: { type: { key: "integer", min: 0 } },
        min_tx: { type: { key: { type: "integer", minInteger: 1 }, min: 0 } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        status: { type: { key: { type: "string", enum: ["set", ["admin_down", "down", "init", "up"]] }, min: 0 } },
      },
      indexes: [["logical_port","dst_ip"]],
      isRoot: true,
    },
    Chassis_Template_Var: {
      columns: {
        chassis: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        variables: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["chassis"]],
      isRoot: true,
    },
    Connection: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        inactivity_probe: { type: { key: "integer", min: 0 } },
        is_connected: { type: "boolean", ephemeral: true },
        max_backoff: { type: { key: { type: "integer", minInteger: 1000 }, min: 0 } },
        other_config: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        status: { type: { key: "string", value: "string", min: 0, max: "unlimited" }, ephemeral: true },
        target: { type: "string" },
      },
      indexes: [["target"]],
      isRoot: false,
    },
    Copp: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        meters: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    DHCP_Options: {
      columns: {
        cidr: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    DHCP_Relay: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        servers: { type: { key: "string", min: 0 } },
      },
      isRoot: true,
    },
    DNS: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        records: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Forwarding_Group: {
      columns: {
        child_port: { type: { key: "string", max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        liveness: { type: "boolean" },
        name: { type: "string" },
        vip: { type: "string" },
        vmac: { type: "string" },
      },
      isRoot: false,
    },
    Gateway_Chassis: {
      columns: {
        chassis_name: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    HA_Chassis: {
      columns: {
        chassis_name: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      isRoot: false,
    },
    HA_Chassis_Group: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ha_chassis: { type: { key: { type: "uuid", refTable: "HA_Chassis" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Load_Balancer: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        health_check: { type: { key: { type: "uuid", refTable: "Load_Balancer_Health_Check" }, min: 0, max: "unlimited" } },
        ip_port_mappings: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        protocol: { type: { key: { type: "string", enum: ["set", ["sctp", "tcp", "udp"]] }, min: 0 } },
        selection_fields: { type: { key: { type: "string", enum: ["set", ["eth_dst", "eth_src", "ip_dst", "ip_src", "ipv6_dst", "ipv6_src", "tp_dst", "tp_src"]] }, min: 0, max: "unlimited" } },
        vips: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Load_Balancer_Group: {
      columns: {
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Load_Balancer_Health_Check: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        vip: { type: "string" },
      },
      isRoot: false,
    },
    Logical_Router: {
      columns: {
        copp: { type: { key: { type: "uuid", refTable: "Copp", refType: "weak" }, min: 0 } },
        enabled: { type: { key: "boolean", min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
        load_balancer_group: { type: { key: { type: "uuid", refTable: "Load_Balancer_Group" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
        nat: { type: { key: { type: "uuid", refTable: "NAT" }, min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        policies: { type: { key: { type: "uuid", refTable: "Logical_Router_Policy" }, min: 0, max: "unlimited" } },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Router_Port" }, min: 0, max: "unlimited" } },
        static_routes: { type: { key: { type: "uuid", refTable: "Logical_Router_Static_Route" }, min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Logical_Router_Policy: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["allow", "drop", "jump", "reroute"]] } } },
        bfd_sessions: { type: { key: { type: "uuid", refTable: "BFD", refType: "weak" }, min: 0, max: "unlimited" } },
        chain: { type: { key: "string", min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        jump_chain: { type: { key: "string", min: 0 } },
        match: { type: "string" },
        nexthop: { type: { key: "string", min: 0 } },
        nexthops: { type: { key: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        output_port: { type: { key: { type: "uuid", refTable: "Logical_Router_Port", refType: "weak" }, min: 0 } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      isRoot: false,
    },
    Logical_Router_Port: {
      columns: {
        dhcp_relay: { type: { key: { type: "uuid", refTable: "DHCP_Relay" }, min: 0 } },
        enabled: { type: { key: "boolean", min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        gateway_chassis: { type: { key: { type: "uuid", refTable: "Gateway_Chassis" }, min: 0, max: "unlimited" } },
        ha_chassis_group: { type: { key: { type: "uuid", refTable: "HA_Chassis_Group" }, min: 0 } },
        ipv6_prefix: { type: { key: "string", min: 0, max: "unlimited" } },
        ipv6_ra_configs: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        mac: { type: "string" },
        name: { type: "string" },
        networks: { type: { key: "string", min: 0, max: "unlimited" } },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        peer: { type: { key: "string", min: 0 } },
        status: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Logical_Router_Static_Route: {
      columns: {
        bfd: { type: { key: { type: "uuid", refTable: "BFD", refType: "weak" }, min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ip_prefix: { type: "string" },
        nexthop: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        output_port: { type: { key: "string", min: 0 } },
        policy: { type: { key: { type: "string", enum: ["set", ["dst-ip", "src-ip"]] }, min: 0 } },
        route_table: { type: "string" },
        selection_fields: { type: { key: { type: "string", enum: ["set", ["eth_dst", "eth_src", "ip_dst", "ip_proto", "ip_src", "ipv6_dst", "ipv6_src", "tp_dst", "tp_src"]] }, min: 0, max: "unlimited" } },
      },
      isRoot: false,
    },
    Logical_Switch: {
      columns: {
        acls: { type: { key: { type: "uuid", refTable: "ACL" }, min: 0, max: "unlimited" } },
        copp: { type: { key: { type: "uuid", refTable: "Copp", refType: "weak" }, min: 0 } },
        dns_records: { type: { key: { type: "uuid", refTable: "DNS", refType: "weak" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        forwarding_groups: { type: { key: { type: "uuid", refTable: "Forwarding_Group" }, min: 0, max: "unlimited" } },
        load_balancer: { type: { key: { type: "uuid", refTable: "Load_Balancer", refType: "weak" }, min: 0, max: "unlimited" } },
        load_balancer_group: { type: { key: { type: "uuid", refTable: "Load_Balancer_Group" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
        other_config: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" }, min: 0, max: "unlimited" } },
        qos_rules: { type: { key: { type: "uuid", refTable: "QoS" }, min: 0, max: "unlimited" } },
      },
      isRoot: true,
    },
    Logical_Switch_Port: {
      columns: {
        addresses: { type: { key: "string", min: 0, max: "unlimited" } },
        dhcpv4_options: { type: { key: { type: "uuid", refTable: "DHCP_Options", refType: "weak" }, min: 0 } },
        dhcpv6_options: { type: { key: { type: "uuid", refTable: "DHCP_Options", refType: "weak" }, min: 0 } },
        dynamic_addresses: { type: { key: "string", min: 0 } },
        enabled: { type: { key: "boolean", min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        ha_chassis_group: { type: { key: { type: "uuid", refTable: "HA_Chassis_Group" }, min: 0 } },
        health_checks: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port_Health_Check" }, min: 0, max: "unlimited" } },
        mirror_rules: { type: { key: { type: "uuid", refTable: "Mirror", refType: "weak" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        parent_name: { type: { key: "string", min: 0 } },
        peer: { type: { key: "string", min: 0 } },
        port_security: { type: { key: "string", min: 0, max: "unlimited" } },
        tag: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4095 }, min: 0 } },
        tag_request: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4095 }, min: 0 } },
        type: { type: "string" },
        up: { type: { key: "boolean", min: 0 } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Logical_Switch_Port_Health_Check: {
      columns: {
        address: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        port: { type: { key: { type: "integer", minInteger: 0, maxInteger: 65535 } } },
        protocol: { type: { key: { type: "string", enum: ["set", ["icmp", "tcp", "udp"]] } } },
        src_ip: { type: "string" },
        status: { type: { key: { type: "string", enum: ["set", ["error", "offline", "online"]] }, min: 0 } },
      },
      isRoot: false,
    },
    Meter: {
      columns: {
        bands: { type: { key: { type: "uuid", refTable: "Meter_Band" }, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        fair: { type: { key: "boolean", min: 0 } },
        name: { type: "string" },
        unit: { type: { key: { type: "string", enum: ["set", ["kbps", "pktps"]] } } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Meter_Band: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["drop"]] } } },
        burst_size: { type: { key: { type: "integer", minInteger: 0, maxInteger: 4294967295 } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        rate: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
      },
      isRoot: false,
    },
    Mirror: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        filter: { type: { key: { type: "string", enum: ["set", ["both", "from-lport", "to-lport"]] } } },
        index: { type: "integer" },
        mirror_rules: { type: { key: { type: "uuid", refTable: "Mirror_Rule" }, min: 0, max: "unlimited" } },
        name: { type: "string" },
        sink: { type: "string" },
        type: { type: { key: { type: "string", enum: ["set", ["erspan", "gre", "local", "lport"]] } } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    Mirror_Rule: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["mirror", "skip"]] } } },
        match: { type: "string" },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      isRoot: false,
    },
    NAT: {
      columns: {
        allowed_ext_ips: { type: { key: { type: "uuid", refTable: "Address_Set" }, min: 0 } },
        exempted_ext_ips: { type: { key: { type: "uuid", refTable: "Address_Set" }, min: 0 } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        external_ip: { type: "string" },
        external_mac: { type: { key: "string", min: 0 } },
        external_port_range: { type: "string" },
        gateway_port: { type: { key: { type: "uuid", refTable: "Logical_Router_Port", refType: "weak" }, min: 0 } },
        logical_ip: { type: "string" },
        logical_port: { type: { key: "string", min: 0 } },
        match: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
        type: { type: { key: { type: "string", enum: ["set", ["dnat", "dnat_and_snat", "snat"]] } } },
      },
      isRoot: false,
    },
    NB_Global: {
      columns: {
        connections: { type: { key: { type: "uuid", refTable: "Connection" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        hv_cfg: { type: "integer" },
        hv_cfg_timestamp: { type: "integer" },
        ipsec: { type: "boolean" },
        name: { type: "string" },
        nb_cfg: { type: "integer" },
        nb_cfg_timestamp: { type: "integer" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        sb_cfg: { type: "integer" },
        sb_cfg_timestamp: { type: "integer" },
        ssl: { type: { key: { type: "uuid", refTable: "SSL" }, min: 0 } },
      },
      maxRows: 1,
      isRoot: true,
    },
    Network_Function: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        health_check: { type: { key: { type: "uuid", refTable: "Network_Function_Health_Check" }, min: 0 } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        inport: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" } } },
        name: { type: "string" },
        outport: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port" }, min: 0 } },
      },
      indexes: [["name"],["id"]],
      isRoot: true,
    },
    Network_Function_Group: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        fallback: { type: { key: { type: "string", enum: ["set", ["fail-close", "fail-open"]] }, min: 0 } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        mode: { type: { key: { type: "string", enum: ["set", ["inline", "vtap"]] } } },
        name: { type: "string" },
        network_function: { type: { key: { type: "uuid", refTable: "Network_Function" }, min: 0, max: "unlimited" } },
        network_function_active: { type: { key: { type: "uuid", refTable: "Network_Function" }, min: 0 } },
      },
      indexes: [["name"],["id"]],
      isRoot: true,
    },
    Network_Function_Health_Check: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        options: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: false,
    },
    Port_Group: {
      columns: {
        acls: { type: { key: { type: "uuid", refTable: "ACL" }, min: 0, max: "unlimited" } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        name: { type: "string" },
        ports: { type: { key: { type: "uuid", refTable: "Logical_Switch_Port", refType: "weak" }, min: 0, max: "unlimited" } },
      },
      indexes: [["name"]],
      isRoot: true,
    },
    QoS: {
      columns: {
        action: { type: { key: { type: "string", enum: ["set", ["dscp", "mark"]] }, value: { type: "integer", minInteger: 0, maxInteger: 4294967295 }, min: 0, max: "unlimited" } },
        bandwidth: { type: { key: { type: "string", enum: ["set", ["burst", "rate"]] }, value: { type: "integer", minInteger: 1, maxInteger: 4294967295 }, min: 0, max: "unlimited" } },
        direction: { type: { key: { type: "string", enum: ["set", ["from-lport", "to-lport"]] } } },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        match: { type: "string" },
        priority: { type: { key: { type: "integer", minInteger: 0, maxInteger: 32767 } } },
      },
      isRoot: false,
    },
    SSL: {
      columns: {
        bootstrap_ca_cert: { type: "boolean" },
        ca_cert: { type: "string" },
        certificate: { type: "string" },
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        private_key: { type: "string" },
        ssl_ciphers: { type: "string" },
        ssl_ciphersuites: { type: "string" },
        ssl_protocols: { type: "string" },
      },
      maxRows: 1,
      isRoot: false,
    },
    Sample: {
      columns: {
        collectors: { type: { key: { type: "uuid", refTable: "Sample_Collector" }, min: 0, max: "unlimited" } },
        metadata: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
      },
      indexes: [["metadata"]],
      isRoot: false,
    },
    Sample_Collector: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        name: { type: "string" },
        probability: { type: { key: { type: "integer", minInteger: 0, maxInteger: 65535 } } },
        set_id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 4294967295 } } },
      },
      indexes: [["id"]],
      isRoot: true,
    },
    Sampling_App: {
      columns: {
        external_ids: { type: { key: "string", value: "string", min: 0, max: "unlimited" } },
        id: { type: { key: { type: "integer", minInteger: 1, maxInteger: 255 } } },
        type: { type: { key: { type: "string", enum: ["set", ["acl-est", "acl-new", "drop"]] } } },
      },
      indexes: [["type"]],
      isRoot: true,
    },
    Static_MAC_Binding: {
      columns: {
        ip: { type: "string" },
        logical_port: { type: "string" },
        mac: { type: "string" },
        override_dynamic_mac: { type: "boolean" },
      },
      indexes: [["logical_port","ip"]],
      isRoot: true,
    },
  },
};
