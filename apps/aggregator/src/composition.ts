import type { Config } from '@quorate/config'
import { changeSource, topicNames } from '@quorate/contracts'
import { type AppContext, type AppParts, createRegistry } from '@quorate/http'
import {
  createMember,
  type MemberConfig,
  Owners,
  PartitionOperations,
  Peers,
  streamsChecks,
  streamsMetrics,
} from '@quorate/routing'
import { StreamsStrategy } from '@quorate/transport'
import { AggregatorModule } from './aggregator.module'
import { DeadLetters } from './dead-letters/dead-letters'
import { OpenStreams } from './http/stream/open-streams'
import { StatesStream } from './http/stream/states-stream'
import { ruleMetrics, voteMetrics } from './metrics'
import { aggregatorTopology, RuleFaults, VoteProcessor } from '@quorate/engine/core'
import { RuleWatch } from './rule-watch/rule-watch'
import { Cluster } from './queries/cluster'
import { CommittedReading } from './queries/committed-reading'
import { DryRuns } from './queries/dry-runs'
import { Listing } from './queries/listing'
import { Objects } from './queries/objects'
import { MemberAgreement } from './queries/peer-agreement'
import { BroadcastSettings } from './queries/broadcast-settings'
import { snapshots } from './queries/snapshots'
import { Writes } from './queries/writes'
import { IdempotentAnswers } from './requests/idempotent-answers'
import { declaredIn } from './settings/declared'
import { Upkeep } from './settings/upkeep'
import { NO_RULES, type Rules } from '@quorate/vote'

export interface AggregatorPartsOptions extends AppContext {
  readonly config: MemberConfig & Pick<Config, 'topicPrefix' | 'partitions' | 'clusterSecret' | 'sections'>
  /** `aggregator` unless several share a log. */
  readonly applicationId: string
  /** Rules registered in code (vote.md 9); the same in every instance. */
  readonly rules?: Rules
}

/** What a process needs to run an aggregator: alone, or beside others behind one edge. */
export function aggregatorParts({
  config,
  applicationId,
  log,
  logger,
  version,
  url,
  rules: given = NO_RULES,
}: AggregatorPartsOptions): AppParts {
  const { topicPrefix: prefix, partitions, clusterSecret } = config
  const names = topicNames(prefix)
  const watch = given.size === 0 ? undefined : new RuleWatch({ logger })
  const rules = watch?.watched(given) ?? given
  const declared = declaredIn(config, rules)
  const topology = aggregatorTopology({ prefix, applicationId, partitions })
  const ruleFaults = new RuleFaults()
  const processor = new VoteProcessor({
    source: changeSource(prefix, applicationId),
    rules,
    ruleFaults,
    logger,
    ...(watch ? { onObject: (at, id) => watch.turnsTo(at, id) } : {}),
  })
  const transport = new StreamsStrategy({
    sources: { reports: names.reports },
    create: (handle) => createMember({ topology, log, processor, handle, config, logger, version, url }),
  })
  const { streams } = transport
  const peers = new Peers({ clusterSecret })
  const owners = new Owners(streams, peers, url, new MemberAgreement(streams, peers))
  const reading = new CommittedReading(processor.outcomes, rules)
  const objects = new Objects(reading, owners)
  const answers = new IdempotentAnswers(log, names.settings)
  const listing = new Listing(reading, owners, peers)
  const snapshot = snapshots(listing)
  const open = new OpenStreams(
    new StatesStream({ log, source: names.reports, sink: names.states, group: topology.group, snapshot, logger }),
  )
  const deadLetters = new DeadLetters({
    log,
    streams,
    deadLetters: names.deadLetters,
    settings: names.settings,
    source: names.reports,
  })
  const upkeep = new Upkeep({
    declared,
    streams,
    reading,
    log,
    source: names.reports,
    settings: names.settings,
    logger,
  })
  const metrics = createRegistry('aggregator')
  streamsMetrics(streams, metrics)
  voteMetrics(processor.counters, metrics)
  ruleMetrics(() => ruleFaults.list((partition) => streams.task(partition) !== undefined), metrics)
  return {
    module: AggregatorModule.register([
      processor,
      owners,
      objects,
      listing,
      new Writes(reading, owners, objects),
      new BroadcastSettings(reading, owners, answers),
      answers,
      new PartitionOperations(log, owners, topology),
      new DryRuns(owners, peers, watch?.watched(given, false) ?? given),
      new Cluster(owners, peers),
      deadLetters,
      open,
    ]),
    transport,
    checks: streamsChecks('aggregator', streams),
    metrics,
    close: async () => {
      await upkeep.close()
      await peers.close()
      await watch?.close()
    },
  }
}
