-- La taula amb sensor i localització, i dues lectures (apunts, apartat 5.6). Ús: mysql sensors < ~/sql/temperatures2.sql
CREATE TABLE IF NOT EXISTS temperatures2 (
  id INT PRIMARY KEY,
  sensor_id INT NOT NULL,
  localitzacio VARCHAR(100) NOT NULL,
  temperatura FLOAT NOT NULL,
  datahora DATETIME NOT NULL
);
INSERT INTO temperatures2 (id, sensor_id, localitzacio, temperatura, datahora) VALUES
(1, 101, 'Palma', 22.5, '2025-02-10 12:00:00'),
(2, 102, 'Eivissa', 21.8, '2025-02-10 12:05:00');
