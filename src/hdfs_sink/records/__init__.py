"""Records: the values of fields, rows of CSV or JSON, batches of rows."""
