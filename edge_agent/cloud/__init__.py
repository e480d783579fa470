"""The way to AWS IoT Core: transport, messages, synchronisation and shadows."""
