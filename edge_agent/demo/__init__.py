"""The simulated hotel on real wires, and a local stand-in for AWS IoT Core."""
