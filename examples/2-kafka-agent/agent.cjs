// An agent that reports over Kafka, with plain kafkajs.   node agent.cjs <object> <state> <agent> [how many times]
const { Kafka, logLevel } = require('kafkajs')

const [object, state, agent, times = '1'] = process.argv.slice(2)
if (!agent) {
  console.error('usage: node agent.cjs <object> <state> <agent> [times]')
  process.exit(2)
}

async function main() {
  const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')
  const topic = `${process.env.TOPIC_PREFIX ?? 'quorate'}.reports`
  const producer = new Kafka({ clientId: agent, brokers, logLevel: logLevel.ERROR }).producer({ idempotent: true })
  await producer.connect()
  for (let seq = 1; seq <= Number(times); seq++) {
    // `session` changes with every run: the counter starts at 1 again.
    const report = { agent, state, seq, session: String(process.pid), observedAt: Date.now() }
    const [{ partition, baseOffset }] = await producer.send({
      topic,
      messages: [{ key: object, value: JSON.stringify(report) }],
    })
    console.log(`${agent} says ${object} is ${state}: ${topic} ${partition}@${baseOffset}`)
  }
  await producer.disconnect()
}

main().catch((error) => {
  console.error(`nothing more was sent: ${error.message}`)
  process.exit(1)
})
