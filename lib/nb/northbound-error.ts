/** What can go wrong with the everyday commands on switches and ports. */
import { OvsdbError } from '../errors.js';

/** Stable codes of {@link NorthboundError}. */
export type NorthboundErrorCode =
  | 'SwitchNotFound'
  /** Several switches have the name; say which by uuid. */
  | 'AmbiguousSwitch'
  | 'PortNotFound'
  /** There is a row of that name already. */
  | 'AlreadyExists'
  /** An IP address belongs to another port of the switch. */
  | 'AddressInUse'
  /** An argument has a form that the northbound schema's documentation (ovn-nb(5)) does not know. */
  | 'InvalidValue'
  /** The table NB_Global has no row: no ovn-northd or ovn-nbctl has worked with this database yet. */
  | 'NotInitialized';

/** A command on the northbound database was refused; nothing was sent. */
export class NorthboundError extends OvsdbError {
  declare readonly code: NorthboundErrorCode;
}
