import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
 * manera que cada fila compta en 24. Cada cop que una mitjana canvia se n'escriu el valor nou: l'últim missatge de cada clau
 * (sensor i inici de la finestra) és el bo. El temps és el de la mesura (ingest_time), no el del rellotge: el dia acaba amb la fila més nova, i una
 * fila que arriba més d'una hora després d'acabar una finestra ja no hi compta.
 *
 * <p>Ús, des de la carpeta de Kafka:
 *
 * <pre>bin/kafka-run-class.sh ~/kafka-streams/MitjanaDiaria.java [ENTRADA [SORTIDA]]</pre>
 */
public class MitjanaDiaria {
    static final TimeWindows DARRER_DIA =
            TimeWindows.ofSizeAndGrace(Duration.ofDays(1), Duration.ofHours(1)).advanceBy(Duration.ofHours(1));
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws InterruptedException {
        String entrada = arguments.length > 0 ? arguments[0] : "mysql_temperatures2";
        String sortida = arguments.length > 1 ? arguments[1] : "streams_mitjanes";

        StreamsBuilder topologia = new StreamsBuilder();
        topologia.stream(entrada, Consumed.with(Serdes.ByteArray(), Serdes.String()).withTimestampExtractor(MitjanaDiaria::hora))
                .flatMap((clau, valor) -> mesura(valor))
                .groupByKey(Grouped.with("per-sensor", Serdes.String(), Serdes.Double()))
                .windowedBy(DARRER_DIA)
                // Per a cada sensor i finestra es desa un text: quantes files i la suma.
                .aggregate(() -> "0 0", (sensor, temperatura, estat) -> suma(estat, temperatura),
                        Materialized.<String, String, WindowStore<Bytes, byte[]>>as("finestres")
                                .withKeySerde(Serdes.String()).withValueSerde(Serdes.String()))
                .toStream()
                .map((finestra, estat) -> KeyValue.pair(finestra.key() + " " + finestra.window().startTime(), resultat(finestra, estat)))
                .process(AmbHoraActual::new)
                .to(sortida, Produced.with(Serdes.String(), Serdes.String()));
        executa("mitjana-diaria", entrada, topologia);
    }

    /** El broker esborra els missatges per la seva hora; la d'un resultat és la d'ara, encara que les mesures siguin antigues. */
    static class AmbHoraActual extends ContextualProcessor<String, String, String, String> {
        @Override
        public void process(Record<String, String> registre) {
            context().forward(registre.withTimestamp(System.currentTimeMillis()));
        }
    }

    /** L'hora d'una fila; una fila que no es pot llegir no mou el temps. */
    static long hora(ConsumerRecord<Object, Object> registre, long finsAra) {
        try {
            return ambHoraPassada(llegeix((String) registre.value())).get("ingest_time").asLong();
        } catch (Exception error) {
            return Math.max(finsAra, 0);
        }
    }

    /** Una hora del futur acabaria totes les finestres, i les files que vénguin després ja no hi comptarien. */
    static JsonNode ambHoraPassada(JsonNode fila) {
        long hora = fila.get("ingest_time").asLong();
        if (hora < 0 || hora > System.currentTimeMillis() + DARRER_DIA.size()) {
            throw new IllegalArgumentException("ingest_time és anterior a 1970 o del futur");
        }
        return fila;
    }

    /** Sensor i temperatura d'una fila; cap si és NULL o si la fila no es pot llegir. */
    static List<KeyValue<String, Double>> mesura(String valor) {
        try {
            JsonNode fila = ambHoraPassada(llegeix(valor));
            return fila.get("temperatura").isNull()
                    ? List.of()
                    : List.of(KeyValue.pair(fila.get("sensor_id").asText(), fila.get("temperatura").asDouble()));
        } catch (Exception error) {
            descarta(valor, error);
            return List.of();
        }
    }

    static String suma(String estat, double temperatura) {
        String[] parts = estat.split(" ");
        return (Long.parseLong(parts[0]) + 1) + " " + (Double.parseDouble(parts[1]) + temperatura);
    }

    static String resultat(Windowed<String> finestra, String estat) {
        String[] parts = estat.split(" ");
        long n = Long.parseLong(parts[0]);
        return JSON.createObjectNode()
                .put("sensor_id", Integer.parseInt(finestra.key()))
                .put("inici", finestra.window().startTime().toString())
                .put("fi", finestra.window().endTime().toString())
                .put("n", n)
                .put("mitjana", Double.parseDouble(parts[1]) / n)
                .toString();
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
