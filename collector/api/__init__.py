"""The Python API: what every verb of the command line does, as functions. `collector` itself exports it, lazily."""
