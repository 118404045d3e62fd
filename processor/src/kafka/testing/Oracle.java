import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own clients, for the differential tests of the fetch path. Run from source with Kafka's jars on the class path.
 *
 * produce SERVERS SEED TOPIC=KIND…  fills topics at random; kinds: plain, transactions, open (ends in open transactions),
 *   compacted (waits until the cleaner has made gaps)
 * read SERVERS TOPIC…  prints what a READ_COMMITTED consumer gets, a record a line: topic, partition, offset, timestamp,
 *   key, value, headers; bytes in base64, null as "-"
 */
public class Oracle {
  static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};
  static Random random;
  static String servers;

  public static void main(String[] args) throws Exception {
    servers = args[1];
    if (args[0].equals("read")) {
      for (int i = 2; i < args.length; i++) read(args[i]);
    } else {
      random = new Random(Long.parseLong(args[2]));
      for (int i = 3; i < args.length; i++) {
        String[] parts = args[i].split("=");
        switch (parts[1]) {
          case "plain" -> plain(parts[0], 250);
          case "transactions" -> transactions(parts[0], false);
          case "open" -> transactions(parts[0], true);
          case "compacted" -> compacted(parts[0]);
          default -> throw new IllegalArgumentException(args[i]);
        }
      }
    }
    System.out.flush();
    // Open transactions stay open: their producers are not closed.
    Runtime.getRuntime().halt(0);
  }

  static KafkaProducer<byte[], byte[]> producer(String codec, String transactionalId) {
    Properties p = new Properties();
    p.put("bootstrap.servers", servers);
    p.put("compression.type", codec);
    p.put("batch.size", String.valueOf(random.nextBoolean() ? 500 : 40_000));
    p.put("linger.ms", String.valueOf(random.nextInt(20)));
    p.put("max.request.size", "900000");
    if (transactionalId != null) {
      p.put("transactional.id", transactionalId);
      p.put("transaction.timeout.ms", "600000");
    } else p.put("enable.idempotence", String.valueOf(random.nextBoolean()));
    var producer = new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
    if (transactionalId != null) producer.initTransactions();
    return producer;
  }

  static byte[] bytes(int limit) {
    byte[] b = new byte[random.nextInt(limit)];
    if (random.nextBoolean()) random.nextBytes(b);
    else for (int i = 0; i < b.length; i++) b[i] = (byte) ('a' + i % 17);
    return b;
  }

  static ProducerRecord<byte[], byte[]> record(String topic) {
    byte[] key = random.nextInt(3) == 0 ? null : bytes(random.nextInt(20) == 0 ? 300 : 12);
    byte[] value =
        switch (random.nextInt(20)) {
          case 0 -> null;
          case 1 -> new byte[0];
          case 2 -> bytes(60_000);
          default -> bytes(400);
        };
    Long timestamp =
        switch (random.nextInt(4)) {
          case 0 -> System.currentTimeMillis() - (long) (random.nextDouble() * 86_400_000L * 300);
          case 1 -> 0L;
          default -> null;
        };
    var record = new ProducerRecord<>(topic, random.nextInt(2), timestamp, key, value);
    if (random.nextInt(3) == 0)
      for (int i = random.nextInt(5); i >= 0; i--)
        record
            .headers()
            .add(new String[] {"a", "__proto__", "workspace", "ключ", ""}[random.nextInt(5)], random.nextInt(4) == 0 ? null : bytesOfText());
    return record;
  }

  static byte[] bytesOfText() {
    return "é".repeat(random.nextInt(80)).getBytes(StandardCharsets.UTF_8);
  }

  static void plain(String topic, int perProducer) {
    for (int round = 0; round < 2; round++)
      for (String codec : CODECS)
        try (var producer = producer(codec, null)) {
          for (int i = 0; i < perProducer; i++) {
            producer.send(record(topic));
            if (random.nextInt(40) == 0) producer.flush();
          }
        }
  }

  /** Several producers whose transactions overlap, with others' records in between. */
  static void transactions(String topic, boolean leaveOpen) {
    List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
    for (String codec : CODECS) producers.add(producer(codec, topic + codec));
    var plain = producer(CODECS[random.nextInt(5)], null);
    boolean[] open = new boolean[producers.size()];
    for (int step = 0; step < 400; step++) {
      int i = random.nextInt(producers.size());
      var producer = producers.get(i);
      if (!open[i]) {
        producer.beginTransaction();
        open[i] = true;
      }
      for (int n = random.nextInt(6); n > 0; n--) producer.send(record(topic));
      producer.flush();
      if (random.nextInt(3) == 0) {
        plain.send(record(topic));
        plain.flush();
      }
      if (random.nextInt(4) == 0) {
        if (random.nextBoolean()) producer.commitTransaction();
        else producer.abortTransaction();
        open[i] = false;
      }
    }
    for (int i = 0; i < producers.size(); i++) {
      if (!open[i]) continue;
      if (leaveOpen && i % 2 == 0) continue;
      if (random.nextBoolean()) producers.get(i).commitTransaction();
      else producers.get(i).abortTransaction();
    }
    if (leaveOpen) {
      // At least one, in every partition; what comes behind it must not be seen.
      var last = producer("lz4", topic + "-open");
      last.beginTransaction();
      for (int i = 0; i < 20; i++) last.send(record(topic));
      last.flush();
      for (int i = 0; i < 20; i++) plain.send(record(topic));
      plain.flush();
    }
  }

  static void compacted(String topic) throws Exception {
    int sent = 0;
    for (int round = 0; round < 8; round++) {
      try (var producer = producer(CODECS[round % 5], null); var transactional = producer("lz4", topic + round)) {
        transactional.beginTransaction();
        for (int i = 0; i < 150; i++, sent++) {
          var r = record(topic);
          byte[] key = ("k" + random.nextInt(30)).getBytes(StandardCharsets.UTF_8);
          var keyed = new ProducerRecord<>(topic, r.partition(), r.timestamp(), key, r.value(), r.headers());
          (i % 5 == 0 ? transactional : producer).send(keyed);
        }
        producer.flush();
        if (round % 2 == 0) transactional.commitTransaction();
        else transactional.abortTransaction();
      }
      Thread.sleep(250); // beyond segment.ms, so that the next record begins a new segment
    }
    for (int wait = 0; count(topic) > sent / 2; wait++) {
      if (wait == 120) throw new IllegalStateException("the cleaner made no gaps: " + count(topic) + " of " + sent);
      Thread.sleep(500);
    }
    Thread.sleep(1500); // and lets it finish
  }

  static KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    Properties p = new Properties();
    p.put("bootstrap.servers", servers);
    p.put("isolation.level", isolation);
    p.put("auto.offset.reset", "none");
    return new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  interface Sink {
    void take(ConsumerRecord<byte[], byte[]> record);
  }

  static void each(String topic, String isolation, Sink sink) {
    try (var consumer = consumer(isolation)) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (var info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(partitions));
      while (partitions.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp)))
        for (var record : consumer.poll(Duration.ofMillis(200))) sink.take(record);
    }
  }

  static int count(String topic) {
    int[] n = {0};
    each(topic, "read_uncommitted", record -> n[0]++);
    return n[0];
  }

  static String text(byte[] b) {
    return b == null ? "-" : Base64.getEncoder().encodeToString(b);
  }

  static void read(String topic) {
    StringBuilder out = new StringBuilder();
    each(
        topic,
        "read_committed",
        r -> {
          List<String> headers = new ArrayList<>();
          for (Header h : r.headers())
            headers.add(text(h.key().getBytes(StandardCharsets.UTF_8)) + ":" + text(h.value()));
          out.append(String.join("\t", topic, "" + r.partition(), "" + r.offset(), "" + r.timestamp(), text(r.key()), text(r.value()), String.join(",", headers)))
              .append('\n');
        });
    System.out.print(out);
  }
}
