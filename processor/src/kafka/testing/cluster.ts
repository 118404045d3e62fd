/** kafkajs' connections, which it hands to assigners only, for requests that its clients have not. */
import { PartitionAssigners, type Cluster, type Kafka } from 'kafkajs';

export async function connectCluster(kafka: Kafka): Promise<{ cluster: Cluster; close: () => Promise<void> }> {
  let cluster: Cluster | undefined;
  const consumer = kafka.consumer({
    groupId: 'never-joined',
    partitionAssigners: [(config) => ((cluster = config.cluster), PartitionAssigners.roundRobin(config))],
  });
  await consumer.connect();
  await cluster!.refreshMetadata();
  return { cluster: cluster!, close: () => consumer.disconnect() };
}

/** Commits an offset with metadata for a group without members. */
export async function commitOffset(
  kafka: Kafka,
  o: { groupId: string; topic: string; partition: number; offset: number; metadata: string },
): Promise<void> {
  const { cluster, close } = await connectCluster(kafka);
  const coordinator = await cluster.findGroupCoordinator({ groupId: o.groupId });
  const partitions = [{ partition: o.partition, offset: String(o.offset), metadata: o.metadata }];
  const topics = [{ topic: o.topic, partitions }];
  await coordinator.offsetCommit({ groupId: o.groupId, groupGenerationId: -1, memberId: '', topics });
  await close();
}
