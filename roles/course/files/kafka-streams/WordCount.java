import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Compta les paraules d'un topic de text amb Kafka Streams (apunts, apartat 6): el primer exemple de tots els manuals.
 *
 * <p>Llegeix streams_text i escriu streams_paraules: cada clau és una paraula, i el valor, quantes vegades ha sortit fins
 * ara. El recompte és una taula (KTable): Kafka Streams la desa al disc i en un topic intern, i la refà en tornar a arrencar.
 * La taula només pot ser d'un procés de cada màquina.
 *
 * <p>Ús, des de la carpeta de Kafka:
 *
 * <pre>bin/kafka-run-class.sh ~/kafka-streams/WordCount.java [ENTRADA [SORTIDA]]</pre>
 *
 * <pre>bin/kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic streams_paraules --from-beginning \
 *     --property print.key=true --isolation-level read_committed</pre>
 */
public class WordCount {

    public static void main(String[] arguments) throws InterruptedException {
        String input = arguments.length > 0 ? arguments[0] : "streams_text";
        String output = arguments.length > 1 ? arguments[1] : "streams_paraules";

        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(input, Consumed.with(Serdes.ByteArray(), Serdes.String()))
                .flatMapValues(line -> words(line))
                // Les mateixes paraules han d'anar a la mateixa partició: el grup passa per un topic intern.
                .groupBy((key, word) -> word, Grouped.with("per-paraula", Serdes.String(), Serdes.String()))
                .count(Materialized.as("recompte"))
                .toStream()
                .mapValues(count -> count.toString())
                .to(output, Produced.with(Serdes.String(), Serdes.String()));
        run("word-count", input, output, builder);
    }

    /** Les paraules d'una línia: lletres i xifres, amb el punt volat de "col·lecció". Un missatge sense valor no en té cap. */
    static List<String> words(String line) {
        return line == null
                ? List.of()
                : List.of(line.toLowerCase().split("[^\\p{L}\\p{N}·]+")).stream().filter(word -> !word.isEmpty()).toList();
    }

    // A partir d'aquí, el mateix en els quatre programes: preparar els topics, configurar i executar.

    static final String BROKERS = "localhost:9092";

    /**
     * Executa una topologia fins que l'aturin (Ctrl-C). L'aplicació és també el grup de consumidors i el començament dels noms
     * dels topics interns; porta el nom de l'entrada, perquè cada entrada tengui el seu estat.
     */
    static void run(String name, String input, String output, StreamsBuilder builder) throws InterruptedException {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, name + "-" + input);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, BROKERS);
        config.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("user.home") + "/.kafka-streams");
        // Cada fila compta una sola vegada, també després d'un kill -9: resultats, estat i offsets van en una transacció.
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        // Temps que el grup espera un procés mort; per defecte, 45 s.
        config.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 10000);
        // El topic intern d'una taula de finestres caduca per l'hora de les files: deu anys, per poder llegir mesures antigues.
        config.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, Duration.ofDays(3650).toMillis());
        while (true) {
            prepareTopics(input, output);
            CountDownLatch failed = new CountDownLatch(1);
            KafkaStreams streams = new KafkaStreams(builder.build(), config);
            streams.setStateListener((now, before) -> {
                System.out.println("Estat: " + now);
                if (now == KafkaStreams.State.ERROR) {
                    failed.countDown();
                }
            });
            streams.setUncaughtExceptionHandler(error -> {
                System.out.println("Error: " + error.getMessage() + " (torna a començar d'aquí a 5 s)");
                return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            Thread close = new Thread(() -> streams.close(Duration.ofSeconds(10)));
            Runtime.getRuntime().addShutdownHook(close);
            streams.start();
            failed.await();
            streams.close(Duration.ofSeconds(10));
            Runtime.getRuntime().removeShutdownHook(close);
            Thread.sleep(5000);
        }
    }

    /** Espera el broker i el topic d'entrada, i crea el de sortida. Diu per què espera, una vegada per a cada motiu. */
    static void prepareTopics(String input, String output) throws InterruptedException {
        // Mentre espera, el client no escriu una línia per a cada intent.
        org.apache.log4j.Logger logger = org.apache.log4j.Logger.getLogger("org.apache.kafka.clients");
        logger.setLevel(org.apache.log4j.Level.ERROR);
        Map<String, Object> config = Map.of("bootstrap.servers", BROKERS, "default.api.timeout.ms", 5000, "request.timeout.ms", 3000);
        String said = "";
        try (Admin admin = Admin.create(config)) {
            while (true) {
                String reason = "el topic " + input + " encara no existeix";
                try {
                    Set<String> topics = admin.listTopics().names().get();
                    if (topics.contains(input)) {
                        if (!topics.contains(output)) {
                            admin.createTopics(List.of(new NewTopic(output, Optional.empty(), Optional.empty()))).all().get();
                        }
                        break;
                    }
                } catch (ExecutionException error) {
                    // Un altre programa pot haver creat el topic al mateix moment: la volta següent ja hi és.
                    reason = error.getCause() instanceof RetriableException ? "cap broker no respon (" + BROKERS + ")" : error.getMessage();
                }
                if (!reason.equals(said)) {
                    System.out.println("En espera: " + reason);
                    said = reason;
                }
                Thread.sleep(1000);
            }
        }
        logger.setLevel(null);
    }
}
