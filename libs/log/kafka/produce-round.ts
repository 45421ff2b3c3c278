import { ProtocolError } from './protocol-errors'
import type { PartitionBatch, ProducedBatch } from './requests/produce'

/** Batches for one partition, in order, stamped with consecutive sequence numbers. */
export interface PartitionBatches {
  readonly topic: string
  readonly partition: number
  readonly batches: readonly Buffer[]
}

/** How far a partition got: base offsets of the batches appended, in order, and why the next one was not. */
export interface Progress {
  readonly offsets: readonly number[]
  readonly failure: unknown
}

const MAX_REQUEST_BYTES = 8 << 20

/**
 * Sends batches of several partitions to their one leader: the first of each in one request, the second of each in the
 * next, and so on, without waiting in between; a connection keeps their order. Returns the progress of each partition.
 * Nothing after a failure counts: the broker refuses what comes out of sequence.
 */
export async function produceRound(
  partitions: readonly PartitionBatches[],
  send: (batches: readonly PartitionBatch[]) => Promise<ProducedBatch[]>,
): Promise<Progress[]> {
  const answers = new Map<PartitionBatch, ProducedBatch | { failure: unknown }>()
  const requests: Promise<void>[] = []
  const rows = partitions.map(({ topic, partition, batches }) => batches.map((batch) => ({ topic, partition, batch })))
  const depth = Math.max(...rows.map((row) => row.length))
  for (let level = 0; level < depth; level++)
    for (const request of requestsOf(rows.flatMap((row) => row[level] ?? [])))
      requests.push(
        send(request).then(
          (produced) => request.forEach((batch) => answers.set(batch, answerFor(batch, produced))),
          (failure: unknown) => request.forEach((batch) => answers.set(batch, { failure })),
        ),
      )
  await Promise.all(requests)
  return rows.map((row) => progressOf(row.map((batch) => answers.get(batch)!)))
}

function requestsOf(batches: readonly PartitionBatch[]): PartitionBatch[][] {
  const requests: PartitionBatch[][] = []
  let bytes = Infinity
  for (const batch of batches) {
    if (bytes + batch.batch.length > MAX_REQUEST_BYTES) {
      requests.push([])
      bytes = 0
    }
    requests.at(-1)!.push(batch)
    bytes += batch.batch.length
  }
  return requests
}

function answerFor(batch: PartitionBatch, produced: readonly ProducedBatch[]): ProducedBatch | { failure: unknown } {
  const answer = produced.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition)
  return answer ?? { failure: new Error(`Produce did not answer for ${batch.topic}-${batch.partition}`) }
}

function progressOf(answers: readonly (ProducedBatch | { failure: unknown })[]): Progress {
  const offsets: number[] = []
  for (const answer of answers) {
    if ('failure' in answer) return { offsets, failure: answer.failure }
    if (answer.errorCode !== 0) {
      const place = `Produce to ${answer.topic}-${answer.partition}`
      return {
        offsets,
        failure: new ProtocolError(answer.errorCode, answer.errorMessage ? `${place} (${answer.errorMessage})` : place),
      }
    }
    offsets.push(answer.baseOffset)
  }
  return { offsets, failure: undefined }
}
