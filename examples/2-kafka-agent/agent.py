"""An agent that reports over Kafka, with confluent-kafka.   python agent.py <object> <state> <agent> [how many times]"""

import json
import os
import sys
import time

from confluent_kafka import Producer


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit("usage: python agent.py <object> <state> <agent> [times]")
    obj, state, agent = sys.argv[1:4]
    times = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    topic = os.environ.get("TOPIC_PREFIX", "quorate") + ".reports"
    # No "partitioner" here, on purpose: see README.md.
    producer = Producer(
        {
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
            "client.id": agent,
            "enable.idempotence": True,
        }
    )
    failures = []

    def told(error, message) -> None:
        if error is not None:
            failures.append(error)
        else:
            print(f"{agent} says {obj} is {state}: {topic} {message.partition()}@{message.offset()}")

    for seq in range(1, times + 1):
        # "session" changes with every run: the counter starts at 1 again.
        report = {"agent": agent, "state": state, "seq": seq, "session": str(os.getpid()), "observedAt": int(time.time() * 1000)}
        producer.produce(topic, key=obj, value=json.dumps(report), on_delivery=told)
    producer.flush(30)
    if failures:
        sys.exit(f"{len(failures)} reports were not sent: {failures[0]}")


main()
