import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
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
import org.apache.kafka.streams.kstream.Produced;

/**
 * Deixa passar les temperatures superiors a 20 graus amb Kafka Streams (apunts, apartat 6).
 *
 * <p>Llegeix mysql_temperatures2 i escriu streams_temperatures_altes. Kafka Streams és una llibreria: això és un procés
 * normal. Se'n poden arrencar tants com particions té el topic, i es reparteixen la feina.
 *
 * <p>Ús, des de la carpeta de Kafka:
 *
 * <pre>bin/kafka-run-class.sh ~/kafka-streams/FiltreTemperatures.java [ENTRADA [SORTIDA]]</pre>
 */
public class FiltreTemperatures {
    static final double LLINDAR = 20;
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws InterruptedException {
        String entrada = arguments.length > 0 ? arguments[0] : "mysql_temperatures2";
        String sortida = arguments.length > 1 ? arguments[1] : "streams_temperatures_altes";

        // Les claus són bytes que no es miren, i els valors passen tal com han vingut.
        StreamsBuilder topologia = new StreamsBuilder();
        topologia.stream(entrada, Consumed.with(Serdes.ByteArray(), Serdes.String()))
                .filter((clau, valor) -> esAlta(valor))
                .to(sortida, Produced.with(Serdes.ByteArray(), Serdes.String()));
        executa("filtre-temperatures", entrada, topologia);
    }

    /** Si la temperatura d'una fila supera el llindar; NULL no el supera. */
    static boolean esAlta(String valor) {
        try {
            return llegeix(valor).get("temperatura").asDouble() > LLINDAR;
        } catch (Exception error) {
            descarta(valor, error);
            return false;
        }
    }

    /** Llegeix una fila de temperatures2, sense l'embolcall de Kafka Connect. */
    static JsonNode llegeix(String valor) throws Exception {
        JsonNode fila = JSON.readTree(valor == null ? "" : valor);
        if (fila.has("payload")) {
            throw new IllegalArgumentException("porta l'embolcall de Connect; configura value.converter.schemas.enable=false");
        }
        if (!fila.path("sensor_id").isInt() || !fila.path("ingest_time").isIntegralNumber()) {
            throw new IllegalArgumentException("sensor_id i ingest_time han de ser enters");
        }
        if (!fila.path("temperatura").isNumber() && !fila.path("temperatura").isNull()) {
            throw new IllegalArgumentException("temperatura ha de ser un nombre o null");
        }
        return fila;
    }

    /** Mostra un registre que no es pot llegir; el programa passa al següent. */
    static void descarta(String valor, Exception error) {
        System.out.println("Registre descartat: " + valor + " (" + String.valueOf(error.getMessage()).lines().findFirst().orElse("") + ")");
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
