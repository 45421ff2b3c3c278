import { isOpen } from './closing'
import { PASS, type Stage, suppress } from './stage'

/**
 * A change that no route takes to the receiver is told to it as long as something is open there: that alone closes it.
 */
export const stillRouted: Stage = ({ route, routed }, { lastNotified: last }) =>
  routed || isOpen(last, route) ? PASS : suppress('not-routed')
