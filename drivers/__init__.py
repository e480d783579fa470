"""The field's words and wires: Modbus, SunSpec, BACnet, MQTT. Knows neither agent nor models."""
