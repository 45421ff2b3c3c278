import type { Keystore } from './keystore'

/** The configuration of one node of a test cluster; the caller's `config` overrides it. */
export interface NodePlan {
  readonly nodeId: number
  readonly clientPort: number
  readonly interBrokerPort: number
  readonly controllerPorts: readonly number[]
  readonly dataDir: string
  readonly users?: Readonly<Record<string, string>>
  readonly authorizer: boolean
  readonly racks: boolean
  readonly keystore?: Keystore
  readonly config: Readonly<Record<string, string | number>>
}

/**
 * server.properties of a combined broker and controller: small internal topics, none of the delays that only production
 * needs.
 */
export function nodeProperties(plan: NodePlan): string {
  const nodes = plan.controllerPorts.length
  const copies = Math.min(nodes, 3)
  const controllerPort = plan.controllerPorts[plan.nodeId - 1]!
  const protocol = `${plan.users ? 'SASL_' : ''}${plan.keystore ? 'SSL' : 'PLAINTEXT'}`
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': plan.nodeId,
    'controller.quorum.voters': plan.controllerPorts.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': `CLIENTS:${protocol},CONTROLLER:PLAINTEXT,BROKERS:PLAINTEXT`,
    listeners: [
      `CLIENTS://127.0.0.1:${plan.clientPort}`,
      `CONTROLLER://127.0.0.1:${controllerPort}`,
      `BROKERS://127.0.0.1:${plan.interBrokerPort}`,
    ].join(','),
    'inter.broker.listener.name': 'BROKERS',
    'log.dirs': plan.dataDir,
    ...(plan.users && saslProperties(plan.users)),
    ...(plan.keystore && tlsProperties(plan.keystore)),
    ...(plan.authorizer && AUTHORIZER),
    ...(plan.racks && rackProperties(plan.nodeId)),

    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.min(copies, 2),
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': 1,
    'default.replication.factor': copies,
    'auto.create.topics.enable': false,

    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.replica.fetchers': 1,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'log.cleaner.backoff.ms': 200,
    'log.initial.task.delay.ms': 200,
    'log.segment.delete.delay.ms': 1000,
    'log.retention.check.interval.ms': 1000,
    ...plan.config,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** For clients; the brokers among themselves use loopback without. SCRAM users are written by the format step. */
function saslProperties(users: Readonly<Record<string, string>>): Record<string, string> {
  const passwords = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required${passwords.join('')};`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  // The broker logs in to itself as well; unsigned tokens are Kafka's own way of testing.
  const claims = 'unsecuredLoginStringClaim_sub="broker" unsecuredValidatorAllowableClockSkewMs="3000"'
  const oauth = `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ${claims};`
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.clients.plain.sasl.jaas.config': plain,
    'listener.name.clients.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.clients.scram-sha-512.sasl.jaas.config': scram,
    'listener.name.clients.oauthbearer.sasl.jaas.config': oauth,
  }
}

/** Clients of other listeners are anonymous and may do everything. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
  'allow.everyone.if.no.acl.found': false,
}

const rackProperties = (nodeId: number): Record<string, string> => ({
  'broker.rack': `rack-${nodeId}`,
  'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
})

function tlsProperties({ file, password }: Keystore): Record<string, string> {
  const prefix = 'listener.name.clients.ssl'
  return {
    [`${prefix}.keystore.type`]: 'PKCS12',
    [`${prefix}.keystore.location`]: file,
    [`${prefix}.keystore.password`]: password,
  }
}
