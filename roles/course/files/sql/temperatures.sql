-- La taula del sensor (apunts, apartat 5.3). Ús: mysql sensors < ~/sql/temperatures.sql
CREATE TABLE IF NOT EXISTS temperatures (
  id INT AUTO_INCREMENT PRIMARY KEY,
  datahora DATETIME NOT NULL,
  valor FLOAT NOT NULL
);
