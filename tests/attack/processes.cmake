# Attacks that need several processes, a killed one, a full disk or a jumped clock.
