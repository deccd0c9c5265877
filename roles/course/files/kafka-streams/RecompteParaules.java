import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
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
 *
 * <p>Ús, des de la carpeta de Kafka:
 *
 * <pre>bin/kafka-run-class.sh ~/kafka-streams/RecompteParaules.java [ENTRADA [SORTIDA]]</pre>
 *
 * <pre>bin/kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic streams_paraules --from-beginning \
 *     --property print.key=true --isolation-level read_committed</pre>
 */
public class RecompteParaules {

    public static void main(String[] arguments) throws InterruptedException {
        String entrada = arguments.length > 0 ? arguments[0] : "streams_text";
        String sortida = arguments.length > 1 ? arguments[1] : "streams_paraules";

        StreamsBuilder topologia = new StreamsBuilder();
        topologia.stream(entrada, Consumed.with(Serdes.ByteArray(), Serdes.String()))
                // Una línia són moltes paraules: lletres i xifres, amb el punt volat de "col·lecció".
                .flatMapValues(linia -> Arrays.asList(linia.toLowerCase().split("[^\\p{L}\\p{N}·]+")))
                .filter((clau, paraula) -> !paraula.isEmpty())
                // Les mateixes paraules han d'anar a la mateixa partició: el grup passa per un topic intern.
                .groupBy((clau, paraula) -> paraula, Grouped.with("per-paraula", Serdes.String(), Serdes.String()))
                .count(Materialized.as("recompte"))
                .toStream()
                .mapValues(vegades -> vegades.toString())
                .to(sortida, Produced.with(Serdes.String(), Serdes.String()));
        executa("recompte-paraules", entrada, topologia);
    }

    // A partir d'aquí, el mateix en els quatre programes: esperar l'entrada, configurar i executar.

    static final String BROKERS = "localhost:9092";

    /** Executa una topologia fins que l'aturen (Ctrl-C). El nom és també el grup de consumidors i el prefix dels topics interns. */
    static void executa(String nom, String entrada, StreamsBuilder topologia) throws InterruptedException {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, nom);
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, BROKERS);
        config.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("user.home") + "/.kafka-streams");
        // Cada fila compta una sola vegada, també després d'un kill -9: resultats, estat i offsets van en una transacció.
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        // Temps que el grup espera un procés mort; per defecte, 45 s.
        config.put(StreamsConfig.consumerPrefix("session.timeout.ms"), 10000);
        // El topic intern d'una taula de finestres caduca per l'hora de les files: deu anys, per poder llegir mesures antigues.
        config.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, Duration.ofDays(3650).toMillis());
        while (true) {
            esperaTopic(entrada);
            CountDownLatch error = new CountDownLatch(1);
            KafkaStreams streams = new KafkaStreams(topologia.build(), config);
            streams.setStateListener((ara, abans) -> {
                System.out.println("Estat: " + ara);
                if (ara == KafkaStreams.State.ERROR) {
                    error.countDown();
                }
            });
            streams.setUncaughtExceptionHandler(excepcio -> {
                System.out.println("Error: " + excepcio.getMessage());
                return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            Thread tanca = new Thread(() -> streams.close(Duration.ofSeconds(10)));
            Runtime.getRuntime().addShutdownHook(tanca);
            streams.start();
            error.await();
            streams.close(Duration.ofSeconds(10));
            Runtime.getRuntime().removeShutdownHook(tanca);
        }
    }

    /** Torna quan el topic existeix; mentrestant diu per què espera, una vegada per a cada motiu. */
    static void esperaTopic(String topic) throws InterruptedException {
        // Si no, el client escriuria una línia per a cada intent.
        org.apache.log4j.Logger.getLogger("org.apache.kafka.clients").setLevel(org.apache.log4j.Level.ERROR);
        Map<String, Object> config = Map.of("bootstrap.servers", BROKERS, "default.api.timeout.ms", 5000, "request.timeout.ms", 3000);
        String dit = "";
        try (Admin admin = Admin.create(config)) {
            while (true) {
                String motiu = "el topic " + topic + " encara no existeix";
                try {
                    if (admin.listTopics().names().get().contains(topic)) {
                        return;
                    }
                } catch (ExecutionException error) {
                    motiu = "cap broker no respon (" + BROKERS + ")";
                }
                if (!motiu.equals(dit)) {
                    System.out.println("S'espera: " + motiu);
                    dit = motiu;
                }
                Thread.sleep(1000);
            }
        }
    }
}
