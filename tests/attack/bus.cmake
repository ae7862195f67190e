# The permissions of the bus, and TLS.
