import { type Fault, pointer } from '@quorate/contracts'
import { invalid, Problem } from '@quorate/http'
import { type Configuration, ConfigurationFault, type Entry } from '../configuration'

/** Writes the configuration for REST: faults become problems, with their places in the body. */
export class Configuring {
  constructor(readonly configuration: Configuration) {}

  /** @throws Problem 422 */
  judge(table: Entry['table'], name: string, value: unknown): void {
    const faults = this.configuration.judge([{ table, name, value }])
    if (faults.length > 0) throw invalid(faults.map((fault) => below(fault, pointer(table, name))), 'the configuration') // prettier-ignore
  }

  /** @throws Problem 422 */
  async put(table: Entry['table'], name: string, value: unknown, others: readonly Entry[] = []): Promise<void> {
    const at = table === 'routes' ? pointer('routes') : pointer(table, name)
    try {
      await this.configuration.write([{ table, name, value }, ...others])
    } catch (error) {
      if (!(error instanceof ConfigurationFault)) throw error
      throw invalid(error.faults.map((fault) => below(fault, at)), 'the configuration') // prettier-ignore
    }
  }

  /** @throws Problem 404; 409 where something else needs it */
  async delete(table: Entry['table'], name: string): Promise<void> {
    if (!this.configuration.isStored(table, name)) throw missing(table, name)
    try {
      await this.configuration.write([{ table, name, value: undefined }])
    } catch (error) {
      if (!(error instanceof ConfigurationFault)) throw error
      const [first] = error.faults
      throw new Problem(
        'conflict',
        `Nothing was changed: ${name} is still needed (${first!.pointer}: ${first!.detail}). Change that first.`,
        { errors: error.faults },
      )
    }
  }

  /** The entry is stored, but not in force: what is wrong with it. */
  faultsOf(table: Entry['table'], name: string): readonly Fault[] | undefined {
    return this.configuration.leftOut.find((one) => one.part === table && one.name === name)?.faults
  }

  /** Stored entries of a table that are not in force, or not wholly. */
  leftOut(table: Entry['table']) {
    return this.configuration.leftOut
      .filter(({ part }) => part === table)
      .map(({ name, faults }) => ({ name, faults: faults.map(({ pointer: at, detail }) => ({ pointer: at, detail })) }))
  }

  /** @throws Problem 404: there is none, or it is stored and left out, and why */
  absent(table: Entry['table'], name: string): Problem {
    const faults = this.faultsOf(table, name)
    if (!faults) return missing(table, name)
    return new Problem(
      'not-found',
      `${JSON.stringify(name)} is stored in ${table} but does not pass, and is left out. Write it anew or delete it.`,
      { errors: faults },
    )
  }
}

export const missing = (table: Entry['table'], name: string): Problem =>
  new Problem('not-found', `Nothing named ${JSON.stringify(name)} is configured in ${table}.`)

/** Faults of the body have their places in it; others keep those in the whole configuration. */
const below = (fault: Fault, at: string): Fault =>
  fault.pointer === at || fault.pointer.startsWith(`${at}/`)
    ? { ...fault, pointer: fault.pointer.slice(at.length) }
    : fault
