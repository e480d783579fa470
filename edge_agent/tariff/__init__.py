"""What energy costs and earns, by tariff file and feed."""
