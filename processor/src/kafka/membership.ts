/**
 * What kafkajs does not tell about group membership, and what the guarantee stands on.
 *
 * kafkajs commits under whatever generation its consumer has at the moment of (each retry of) the request, answers a
 * commit with success when the consumer has just stopped, and commits the default offset itself when it meets
 * OFFSET_OUT_OF_RANGE. So a range of a lost assignment could be committed under the next one, and a gap be jumped in
 * silence. Here the group requests of its cluster (handed out by its interface for assigners) are observed: the exact
 * generation and member id of each assignment, the moment it ends, and a stop in front of the first fetch; commits are
 * then sent with that generation and nothing else (see KafkaLog). Tied to kafkajs 2.2.4, which is pinned.
 */
import {
  AssignerProtocol,
  PartitionAssigners,
  type Assignment,
  type Broker,
  type Cluster,
  type PartitionAssigner,
} from 'kafkajs';
import { ShadowerError } from '../errors';
import { final } from './client';

export interface Membership {
  groupId: string;
  generationId: number;
  memberId: string;
  /** The consumer's connections and metadata; they end with it. */
  cluster: Cluster;
  /** The group's coordinator, looked up anew when asked to. */
  coordinator(renew?: boolean): Promise<Broker>;
  /** Gives the membership up at once, so that the group need not wait for the session to time out. Never rejects. */
  leave(): Promise<void>;
}

export interface MembershipHooks {
  /** A join begins: what was assigned before is not ours any more. A throw ends kafkajs' consumer. */
  revoked(): void;
  /**
   * A new assignment. kafkajs fetches only after this has resolved. A rejection with a final error ends kafkajs'
   * consumer; to disconnect it in here instead would leave it running, since it is still about to start.
   */
  joined(membership: Membership, assignment: Assignment): Promise<void>;
}

interface GroupBroker extends Broker {
  joinGroup(request: object): Promise<object>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  syncGroup(request: { generationId: number; memberId: string }): Promise<{ memberAssignment: Buffer }>;
}

/** The round-robin assigner, with the hooks. One per consumer. */
export function observedAssigner(groupId: string, hooks: MembershipHooks): PartitionAssigner {
  return (config) => {
    const { cluster } = config;
    const observed = new WeakSet<Broker>();
    const findCoordinator = cluster.findGroupCoordinator.bind(cluster);

    const observe = (broker: Broker): Broker => {
      if (observed.has(broker)) return broker;
      observed.add(broker);
      const group = broker as GroupBroker;
      const joinGroup = group.joinGroup.bind(group);
      const syncGroup = group.syncGroup.bind(group);
      group.joinGroup = async (request) => {
        hooks.revoked();
        return joinGroup(request);
      };
      group.syncGroup = async (request) => {
        const response = await syncGroup(request);
        const assignment = AssignerProtocol.MemberAssignment.decode(response.memberAssignment)?.assignment ?? {};
        let current = broker;
        const coordinator = async (renew = false) => {
          if (renew || !current.isConnected()) current = observe(await findCoordinator({ groupId }));
          return current;
        };
        const { generationId, memberId } = request;
        const leave = () =>
          group.leaveGroup({ groupId, memberId }).then(
            () => undefined,
            () => undefined,
          );
        await hooks.joined({ groupId, generationId, memberId, cluster, coordinator, leave }, assignment);
        return response;
      };
      return broker;
    };

    cluster.findGroupCoordinator = async (group) => observe(await findCoordinator(group));
    // Only asked for when an offset is out of range: every partition has a committed offset before its first fetch.
    cluster.defaultOffset = () => {
      throw final(new ShadowerError('LOG_GAP', 'the next offset to read is out of the range that Kafka still has'));
    };
    return PartitionAssigners.roundRobin(config);
  };
}
