-- Tres lectures del sensor (apunts, apartats 5.3 i 5.4). Ús: mysql sensors < ~/sql/temperatures_insert.sql
INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 10:00:00', 14.5);
INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 11:00:00', 16.7);
INSERT INTO temperatures(datahora, valor) VALUES('2025-02-21 12:00:00', 17.1);
