"""The site file: schema, loading with every mistake at once, tariffs."""
