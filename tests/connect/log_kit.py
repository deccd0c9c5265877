"""Lines of a worker's log, as a worker wrote them."""

TRACE = """org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
Caused by: io.debezium.DebeziumException: Error processing binlog event
\tat io.debezium.connector.binlog.BinlogStreamingChangeEventSource.handle(BinlogStreamingChangeEventSource.java:1)
Caused by: io.debezium.DebeziumException: Encountered change event for table sensors.humits whose schema isn't known
\tat io.debezium.connector.binlog.BinlogStreamingChangeEventSource.inform(BinlogStreamingChangeEventSource.java:2)
"""
PURGED = """[2026-11-26 01:48:09,200] INFO [a|task-0] Connected to binlog (x:1)
[2026-11-26 01:48:14,756] WARN [a|task-0] WorkerSourceTask{id=a-0} failed to poll records. Will retry operation. (x:467)
org.apache.kafka.connect.errors.RetriableException: An exception occurred in the change event producer.
\tat x.y(Z.java:1)
Caused by: com.github.shyiko.mysql.binlog.network.ServerException: Cannot replicate because the source purged required
\tat x.y(Z.java:1)
[2026-11-26 01:48:15,000] INFO [b|task-0] Fine (x:1)
"""
