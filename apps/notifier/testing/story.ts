import { type ReceiverDocument, retiredEndpoint, routingOfDocument, rowsOf } from '../src/configuration'
import { inconsistencies } from '../src/rows/checker'
import type { ChangeMessage, Message } from '../src/outbox/message'
import { REASONS, type RouteInput, type Routing, type Silence } from '../src/pipeline'
import { Sink, T0 } from './changes'
import { generator } from './numbers'
import { endpointsOf, OBJECTS, QUIET, RACK, TREES } from './scene'
import { RecordingChannel } from './recording-channel'
import type { Step } from './steps'
import { World } from './world'

interface Delivered {
  readonly address: string
  readonly id: string
  readonly message: Message
}

const changesIn = (message: Message): readonly ChangeMessage[] =>
  message.kind === 'group' ? message.changes : message.kind === 'change' ? [message] : []

/** A history that happens to notifiers, and what must be so at its end. */
export class Story {
  readonly delivered: Delivered[] = []
  private readonly sink = new Sink()
  private readonly states = new Map<string, string | null>()
  private readonly flaps = new Set<string>()
  /** Events in their order, with the receivers that they concerned when they came. */
  private readonly events: {
    readonly object: string
    readonly state: string
    readonly event: string
    readonly receivers: readonly string[]
  }[] = []
  /** Addresses in force, with the number of events before they came into force. */
  private readonly since = new Map<string, number>()
  private readonly failing = new Map<string, number>()
  private readonly stored = { receivers: new Map<string, ReceiverDocument>(), retired: new Map<string, unknown>() }
  private silences: Silence[] = []
  private crashes = 0
  private readonly world: World

  private constructor(
    private readonly root: Partial<RouteInput>,
    private readonly random: () => number,
  ) {
    const channels = [new RecordingChannel('hook'), new RecordingChannel('mail', true)]
    for (const channel of channels) channel.answer = ({ id, message }, address) => this.answer(address, id, message)
    this.world = new World(
      { ...this.routes(0, true, 0), ...this.receivers('h', 'm', T0), inhibitions: [RACK] },
      channels,
      random,
    )
  }

  static async open(root: Partial<RouteInput>, seed: number): Promise<Story> {
    const story = new Story(root, generator(seed))
    story.world.clock.moveTo(T0)
    await story.world.join('a')
    return story
  }

  async run(step: Step): Promise<void> {
    const { world, sink } = this
    const now = world.clock.now()
    switch (step.do) {
      case 'change':
        await this.change(step.object, step.state, step.flapping)
        break
      case 'delete':
        if ((this.states.get(step.object) ?? null) === null) break
        this.states.set(step.object, null)
        this.flaps.delete(step.object)
        await world.pipe(sink.deleted(step.object, now))
        break
      case 'wait':
        await world.advance(step.seconds * 1000)
        break
      case 'silence':
        this.silences = [...this.silences, { id: `s${this.silences.length}`, match: { object: [step.glob] }, startsAt: now, endsAt: now + step.seconds * 1000, author: 'a', comment: 'c' }] // prettier-ignore
        await world.configure({ silences: this.silences })
        break
      case 'unsilence':
        this.silences = []
        await world.configure({ silences: [] })
        break
      case 'inhibit':
        await world.configure({ inhibitions: step.on ? [RACK] : [] })
        break
      case 'configure': {
        const { tree, two, repeat, one, other } = step
        const change = { ...this.routes(tree, two !== '', repeat), ...this.receivers(one, two, now) }
        if (other) await world.restartWith(change)
        else await world.configure(change)
        break
      }
      case 'fail':
        this.failing.set(step.address, step.share)
        break
      case 'crash':
        this.crashes++
        world.dieAt([...world.instances.keys()].at(-1)!, step.at)
        await this.change(step.object, step.state, false)
        break
      case 'kill':
        this.crashes++
        await world.kill([...world.instances.keys()].at(-1)!)
        break
      case 'join':
        await (world.instances.has('b') ? world.leave('b') : world.join('b'))
    }
    await world.quiet()
  }

  /** Everything mended, parents up, nothing flaps, no silence is left, and time enough for all that waits. */
  async end(): Promise<void> {
    this.failing.clear()
    for (const [object, state] of this.states) {
      if (state === null) continue
      const calm = object === 'rack/1' && state === 'down' ? 'up' : state
      // All others stand as they are: what was held back must come by itself.
      if (calm !== state || this.flaps.has(object)) await this.change(object, calm, false)
    }
    const { root } = this.world.routing
    await this.world.configure({ silences: [], root: { ...root, repeatInterval: 0 } })
    await this.world.advance(12 * 3_600_000)
  }

  /** Everything that is not as it must be at the end. */
  faults(): string[] {
    return [...this.misfits(), ...this.beliefs(), ...this.twice(), ...this.order(), ...this.unexplained()]
  }

  /** Rows of either partition that do not fit together. */
  misfits(): string[] {
    return this.world
      .tasks()
      .flatMap((task) => inconsistencies((name) => task.table(name)))
      .map((one) => JSON.stringify(one))
  }

  close(): void {
    this.world.close()
  }

  /**
   * Each address in force knows what is so of each object that is routed to it; none that is not in force believes that
   * something is open.
   */
  private *beliefs(): Iterable<string> {
    for (const row of this.world.outbox()) yield `${row.id} is still to be told to ${row.endpoint}`
    const addresses = new Set([...this.since.keys(), ...this.delivered.map(({ address }) => address)])
    for (const address of addresses)
      for (const object of OBJECTS) {
        const truth = calmed(this.states.get(object) ?? null)
        const belief = this.belief(address, object)
        if (belief === truth || this.isGivenUp(address, object)) continue
        const says = `${address} believes that ${object} is ${belief ?? 'calm'}; it is ${truth ?? 'calm'}`
        if (!this.since.has(address)) {
          if (belief !== undefined) yield `${says}, and the address is gone`
        } else if (belief !== undefined) yield says
        // What is not told: nothing is wrong where no route leads there, or it came into force after its receiver was
        // told.
        else if (this.isRouted(address, object) && !this.cameLater(address, object)) yield says
      }
  }

  /** No event is told twice to an address; nor is an id used again, unless a process died. */
  private *twice(): Iterable<string> {
    const ids = new Map<string, string>()
    const seen = new Map<string, string>()
    for (const { address, id, message } of this.delivered) {
      const told = changesIn(message).map(({ event }) => event)
      const content = `${address} ${told.join()}`
      if ((ids.get(id) ?? content) !== content) yield `${id} tells ${ids.get(id)}, and ${content}`
      if (ids.has(id) && this.crashes === 0) yield `${id} is sent twice to ${address}`
      ids.set(id, content)
      for (const event of told) {
        const place = `${address} ${event}`
        if ((seen.get(place) ?? id) !== id && this.crashes === 0) yield `${event} is told twice to ${address}`
        seen.set(place, id)
      }
    }
  }

  /** To each address the events of an object come in their order. */
  private *order(): Iterable<string> {
    const last = new Map<string, number>()
    const seen = new Set<string>()
    for (const { address, id, message } of this.delivered) {
      if (seen.has(id)) continue
      seen.add(id)
      for (const { event, object } of changesIn(message)) {
        const at = this.placeOf(event)
        const place = `${address} ${object}`
        if (at >= 0 && at < (last.get(place) ?? 0)) yield `${address} is told ${event} after a later one`
        last.set(place, Math.max(at, last.get(place) ?? 0))
      }
    }
  }

  /**
   * Each event has a decision for each receiver that a route led it to, and each that is not to tell it has a reason.
   */
  private *unexplained(): Iterable<string> {
    const found = new Set<string>()
    for (const object of OBJECTS)
      for (const { event, receiver, status, reason } of this.world.decisions(object)) {
        found.add(`${event.replace(/\/back-\d+$/, '')} ${receiver}`)
        if (status === 'held' || status === 'pending') yield `${event} to ${receiver} is ${status} at the end`
        if (status === 'suppressed' && !(reason !== null && reason in REASONS)) yield `${event} to ${receiver} has no reason` // prettier-ignore
        if (status === 'dead' && reason === null) yield `${event} to ${receiver} is dead without a reason`
      }
    for (const { event, receivers } of this.events)
      for (const receiver of receivers)
        if (!found.has(`${event} ${receiver}`)) yield `no decision about ${event} for ${receiver}`
  }

  private async change(object: string, state: string, flapping: boolean): Promise<void> {
    const { world, sink, states, flaps } = this
    states.set(object, state)
    if (flapping) flaps.add(object)
    else flaps.delete(object)
    const record = sink.changed(object, state, world.clock.now(), { flapping })
    const [, event] = (record.headers as [string, string][]).find(([name]) => name === 'ce_id')!
    const receivers = this.routesOf(object).map(({ receiver }) => receiver)
    this.events.push({ object, state, event, receivers: [...new Set(receivers)] })
    await world.pipe(record)
  }

  private routesOf(object: string) {
    const state = this.states.get(object) ?? null
    const subject = { object, state, from: null, cause: null, policy: 'default' }
    return this.world.notifier.directions.router.matchSubject(subject)
  }

  /** What a receiver believes: the last it was told; undefined: nothing, as where it is quiet or gone. */
  private belief(address: string, object: string): string | undefined {
    const told = this.delivered
      .filter((one) => one.address === address)
      .flatMap(({ message }) => changesIn(message))
      .filter((change) => change.object === object)
      .at(-1)
    return told?.flapping?.phase === 'began' ? `${told.state}, flapping` : calmed(told?.state ?? null)
  }

  /** Whether the configuration in force leads the object's state to the receiver of the address. */
  private isRouted(address: string, object: string): boolean {
    return this.routesOf(object).some(({ receiver }) => address.startsWith(`${receiver}-`))
  }

  /** The address came into force after its receiver had been told what is so now. */
  private cameLater(address: string, object: string): boolean {
    const [receiver] = address.split('-')
    const told = this.delivered
      .filter((one) => one.address.startsWith(`${receiver}-`))
      .flatMap(({ message }) => changesIn(message))
      .filter((change) => change.object === object && change.closes !== 'removed')
    return this.placeOf(told.at(-1)?.event ?? '') < this.since.get(address)!
  }

  /** Number of an event among all; -1: none. */
  private placeOf(told: string): number {
    return this.events.findIndex(({ event }) => told === event || told.startsWith(`${event}/`))
  }

  /**
   * The last that a decision says of the object at the address, or its receiver, is that what is open there could not
   * be closed.
   */
  private isGivenUp(address: string, object: string): boolean {
    const [receiver] = address.split('-')
    if (this.since.get(address) === 0) return false
    return this.world
      .decisions(object)
      .some(
        (one) => one.receiver === receiver && (one.reason === 'receiver-removed' || one.reason === 'endpoint-removed'),
      )
  }

  private async answer(address: string, id: string, message: Message) {
    const share = this.failing.get(address) ?? 0
    const { random, world } = this
    // Some take a moment: whatever else happens comes in between.
    if (share < 0) {
      world.pendingSends++
      await new Promise<void>((resolve) => world.clock.after(-share * 1000, resolve))
      world.pendingSends--
    }
    if (random() < share) {
      const throttle = random() < 0.2
      return throttle
        ? { kind: 'retry' as const, reason: 'http-503', throttle, notBefore: world.clock.now() + 20_000 }
        : { kind: 'retry' as const, reason: 'http-500' }
    }
    this.delivered.push({ address, id, message })
    return { kind: 'delivered' as const }
  }

  private routes(tree: number, hasTwo: boolean, repeatInterval: number): { root: Routing['root'] } {
    const routes = TREES[tree]!(hasTwo ? 'two' : 'one')
    return { root: { ...this.root, quiet: QUIET, receiver: 'one', repeatInterval, routes } }
  }

  /** Writes the receivers as the configuration does. */
  private receivers(one: string, two: string, now: number): Pick<Routing, 'receivers' | 'retired'> {
    const { stored } = this
    const written = [['one', one] as const, ['two', two] as const].map(([name, letters]) => ({
      table: 'receivers' as const,
      name,
      value: letters === '' ? undefined : { endpoints: endpointsOf(name, letters) },
    }))
    for (const { table, name, value } of rowsOf(written, stored, now)) {
      const rows = stored[table as keyof typeof stored]
      if (value === undefined) rows.delete(name)
      else rows.set(name, value as never)
    }
    const addresses = [...stored.receivers.values()].flatMap(({ endpoints }) =>
      endpoints.map(({ settings }) => settings!['endpoint'] as string),
    )
    for (const address of this.since.keys()) if (!addresses.includes(address)) this.since.delete(address)
    for (const address of addresses) if (!this.since.has(address)) this.since.set(address, this.events.length)
    const document = { receivers: stored.receivers, silences: new Map<string, never>(), inhibitions: new Map<string, never>() } // prettier-ignore
    const { receivers } = routingOfDocument(document, { receivers: [], root: { receiver: 'one' } })
    const retired = [...stored.retired].flatMap(([name, row]) => retiredEndpoint(name, row, now) ?? [])
    return { receivers, retired }
  }
}

/** A quiet state, the end of an object and silence are one to a receiver: nothing is open. */
const calmed = (state: string | null): string | undefined =>
  state === null || QUIET.includes(state) ? undefined : state
