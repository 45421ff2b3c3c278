import { PASS, type Stage, suppress } from './stage'

/** A change that no route takes any more is told only to close what was opened. */
export const stillRouted: Stage = ({ route, routed }, { told }) => {
  if (routed) return PASS
  return told && (told.flapping !== undefined || !route.quiet.includes(told.state)) ? PASS : suppress('not-routed')
}
