"""What a person types. Each verb is a module that loads only what it needs."""
