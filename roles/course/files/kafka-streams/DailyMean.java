import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Mitjana de temperatura de cada sensor en el darrer dia, amb Kafka Streams (apunts, apartat 6).
 *
 * <p>Llegeix mysql_temperatures2 i escriu streams_mitjanes. Les finestres duren 24 hores i en comença una cada hora, de
 * manera que cada fila compta en 24. Quan una mitjana canvia se n'escriu el valor nou: l'últim missatge de cada clau (sensor i
 * inici de la finestra) és el bo. El temps és el de les mesures (ingest_time), no el del rellotge: si han arribat mesures d'una
 * hora després d'acabar una finestra, les files que encara hi pertanyien ja no hi compten. (En tornar a arrencar, el temps
 * comença amb la primera fila nova.) La taula només pot ser d'un procés de cada màquina.
 *
 * <p>Ús, des de la carpeta de Kafka:
 *
 * <pre>bin/kafka-run-class.sh ~/kafka-streams/DailyMean.java [ENTRADA [SORTIDA]]</pre>
 */
public class DailyMean {
    static final TimeWindows LAST_DAY =
            TimeWindows.ofSizeAndGrace(Duration.ofDays(1), Duration.ofHours(1)).advanceBy(Duration.ofHours(1));
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws InterruptedException {
        String input = arguments.length > 0 ? arguments[0] : "mysql_temperatures2";
        String output = arguments.length > 1 ? arguments[1] : "streams_mitjanes";

        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(input, Consumed.with(Serdes.ByteArray(), Serdes.String()).withTimestampExtractor(DailyMean::timeOf))
                .flatMap((key, value) -> measurement(value))
                .groupByKey(Grouped.with("per-sensor", Serdes.String(), Serdes.Double()))
                .windowedBy(LAST_DAY)
                // Per a cada sensor i finestra es desa un text: quantes files i la suma.
                .aggregate(() -> "0 0", (sensor, temperature, state) -> add(state, temperature),
                        Materialized.<String, String, WindowStore<Bytes, byte[]>>as("finestres")
                                .withKeySerde(Serdes.String()).withValueSerde(Serdes.String()))
                .toStream()
                .map((window, state) -> KeyValue.pair(window.key() + " " + window.window().startTime(), result(window, state)))
                .process(WithPresentTime::new)
                .to(output, Produced.with(Serdes.String(), Serdes.String()));
        run("daily-mean", input, output, builder);
    }

    /** El broker esborra els missatges per la seva hora; la d'un resultat és la d'ara, encara que les mesures siguin antigues. */
    static class WithPresentTime extends ContextualProcessor<String, String, String, String> {
        @Override
        public void process(Record<String, String> message) {
            context().forward(message.withTimestamp(System.currentTimeMillis()));
        }
    }

    /** L'hora d'una fila; una fila que no es pot llegir no mou el temps. */
    static long timeOf(ConsumerRecord<Object, Object> message, long soFar) {
        try {
            return checkTime(readRow((String) message.value())).get("ingest_time").asLong();
        } catch (Exception error) {
            return Math.max(soFar, 0);
        }
    }

    /** Una hora més d'un dia en el futur tancaria totes les finestres, i les files que vinguin després ja no hi comptarien. */
    static JsonNode checkTime(JsonNode row) {
        long time = row.get("ingest_time").asLong();
        if (time < 0 || time > System.currentTimeMillis() + LAST_DAY.size()) {
            throw new IllegalArgumentException("ingest_time és anterior a 1970, o posterior a demà");
        }
        return row;
    }

    /** Sensor i temperatura d'una fila; cap si és NULL o si la fila no es pot llegir. */
    static List<KeyValue<String, Double>> measurement(String value) {
        try {
            JsonNode row = checkTime(readRow(value));
            return row.get("temperatura").isNull()
                    ? List.of()
                    : List.of(KeyValue.pair(row.get("sensor_id").asText(), row.get("temperatura").asDouble()));
        } catch (Exception error) {
            report(value, error);
            return List.of();
        }
    }

    static String add(String state, double temperature) {
        String[] parts = state.split(" ");
        return (Long.parseLong(parts[0]) + 1) + " " + (Double.parseDouble(parts[1]) + temperature);
    }

    static String result(Windowed<String> window, String state) {
        String[] parts = state.split(" ");
        long count = Long.parseLong(parts[0]);
        return JSON.createObjectNode()
                .put("sensor_id", Integer.parseInt(window.key()))
                .put("inici", window.window().startTime().toString())
                .put("fi", window.window().endTime().toString())
                .put("n", count)
                .put("mitjana", Double.parseDouble(parts[1]) / count)
                .toString();
    }

    /** Llegeix una fila de temperatures2, sense l'embolcall de Kafka Connect. */
    static JsonNode readRow(String value) throws Exception {
        JsonNode row = JSON.readTree(value == null ? "" : value);
        if (row.has("payload")) {
            throw new IllegalArgumentException("porta l'embolcall de Connect; configura value.converter.schemas.enable=false");
        }
        if (!row.path("sensor_id").isInt() || !row.path("ingest_time").isIntegralNumber()) {
            throw new IllegalArgumentException("sensor_id i ingest_time han de ser enters");
        }
        if (!row.path("temperatura").isNumber() && !row.path("temperatura").isNull()) {
            throw new IllegalArgumentException("temperatura ha de ser un nombre o null");
        }
        return row;
    }

    /** Mostra un registre que no es pot llegir; el programa passa al següent. */
    static void report(Object value, Exception error) {
        System.out.println("Registre descartat: " + value + " (" + String.valueOf(error.getMessage()).lines().findFirst().orElse("") + ")");
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
